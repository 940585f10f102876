"""The accelerator changes what a scan costs, and nothing else."""

from __future__ import annotations

import pickle
import random
import re
import subprocess
import sys
import threading
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.guards import PII, BlockedPatterns, Secrets
from genai_guard.text import Match, Rule, Scanner, accelerator, scanner
from genai_guard.text.accelerator import Accelerator
from genai_guard.text.supersets import superset_of, supersets_of_keywords
from text.texts import FRAGMENTS, RULE_SETS, generated, spans, texts, without_promises

re2: Any = import_module("re2")
SECRET_RULES = Secrets().rules
SETS: dict[str, tuple[Rule, ...]] = {
    **RULE_SETS,
    "literals": BlockedPatterns(regexes=[r"jail\s?break", r"fo{2}ba|x-z", r"(?:qu|ju)x+", "b@e"]).rules,
    "secrets": SECRET_RULES,
    "everything": (*RULE_SETS["all"], *RULE_SETS["injection"], *SECRET_RULES),
}
HARD = (
    "ghp_", "AKIA", "eyJ", "xoxb-", "-us1", ":AA", "SK", "_test_", "sk_live_", "0123456789abcdef", "A1b2C3d4E5f6G7h8I9j0", "-----BEGIN",
    "password = '", "token=", "Bearer ", "jail break", "jailbreak", "foobar", "x-z", "quxx", "https://a:b@c", "key-", "\u017f", "\u212a",
)  # fmt: skip
mixed = st.lists(st.sampled_from([*FRAGMENTS, *HARD]), max_size=12).map("".join) | texts
plain_text = mixed.map(lambda text: text.encode("ascii", "ignore").decode())
QUICK = settings(max_examples=150, suppress_health_check=list(HealthCheck))


@cache
def scanners(name: str) -> dict[str, Scanner]:
    """The same rules with each engine, and searched for one by one in all of a text."""
    return {
        "core": Scanner(SETS[name], engine="core"),
        "fast": Scanner(SETS[name], engine="fast"),
        "plain": Scanner(without_promises(SETS[name]), engine="core"),
    }


def found(name: str, text: str) -> dict[str, list[object]]:
    return {engine: list(spans(each.find(text))) for engine, each in scanners(name).items()}


@pytest.mark.parametrize("name", SETS)
@QUICK
@given(text=mixed, plain=plain_text)
def test_gated_accelerated_and_plain_scanners_find_the_same(name: str, text: str, plain: str) -> None:
    for each in (text, plain, f"{plain} {plain}"):
        answers = found(name, each)
        assert answers["core"] == answers["fast"] == answers["plain"]


@pytest.mark.parametrize("name", ["pii", "words", "user", "toys", "injection", "literals"])
@QUICK
@given(data=st.data())
def test_they_find_the_same_in_strings_made_from_the_patterns(name: str, data: st.DataObject) -> None:
    patterns = [rule for rule in SETS[name] if rule.pattern and not re.search(r"\\[KGXR]|[*+?}]\+|\(\?>", rule.pattern)]
    drawn = [data.draw(generated(data.draw(st.sampled_from(patterns)))) for _ in range(2)]
    text = data.draw(st.sampled_from(["", " ", "x", "-", "é"])).join(["", *drawn, ""])
    answers = found(name, text)
    assert answers["core"] == answers["fast"] == answers["plain"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data(), window=st.integers(1, 60))
def test_they_find_the_same_in_long_texts(data: st.DataObject, window: int) -> None:
    name = data.draw(st.sampled_from(["pii", "user", "injection", "secrets", "everything"]))
    text = data.draw(plain_text) * 4
    whole = found(name, text)["plain"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "_WINDOW", window)
        answers = found(name, text)
    assert answers["core"] == answers["fast"] == whole


@pytest.mark.parametrize("rule", [*PII().rules, *SECRET_RULES], ids=lambda rule: rule.id)
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_superset_matches_what_a_built_in_pattern_does(rule: Rule, data: st.DataObject) -> None:
    source = superset_of(rule)
    assert source is not None
    text = data.draw(generated(rule))
    if text.isascii() and Scanner(without_promises([rule]), engine="core").find(text):
        assert re2.search(source, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a|b)\1", "bb"),
        (r"(?P<q>['\"])x\g<q>", "'x'"),
        (r"(?=(x))((a)b)\3\2", "xaba" + "ab"),
        (r"(?<=\d)ab(?!c)", "1ab"),
        (r"a++b*+c?+d{2,3}+", "aabdd"),
        (r"(?>ab|a)c", "abc"),
        (r"(?i)foo", "FOO"),
        (r"(?i:b)ar", "Bar"),
        (r"a.b", "a\nb"),
        (r"[\s]\s[^\S]", "\x0b\x1c\x1f"),
        (r"\S", "\x1c"),
        (r"[^\s]", "\x1c"),
        (r"^ab$", "ab"),
        (r"\Aab\Z", "ab"),
        (r"\Ba\b", "ba"),
        (r"a{40,90}", "a" * 40),
        (r"a{,2}b", "aab"),
        (r"\x41\u0042\t", "AB\t"),
        (r"[]a]+[^]]", "]ax"),
        (r"[\w.-]+@[a\-b]", "a.b-c@-"),
        (r"\p{L}\.", "a."),
        (r"[[:alpha:]]b", "ab"),
        (r"(?#note)a b", "a b"),
        ("\u017f", "s"),
        (r"[^a]b", "Ab"),
    ],
)
def test_what_re2_does_not_know_is_written_as_something_wider(pattern: str, text: str) -> None:
    for ignore_case in (False, True):
        rule = Rule("r", "R", pattern, ignore_case=ignore_case, unicode=True)
        source = superset_of(rule)
        assert source is not None
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        assert bool(re2.compile(source.encode(), options).search(text.encode())) >= bool(
            Scanner([rule], engine="core").find(text)
        )
        assert Scanner([rule], engine="fast").find(text) == Scanner([rule], engine="core").find(text)


@pytest.mark.parametrize(
    "pattern", [r"(?:foo){e<=1}", r"(?|a|b)c", r"a(?R)?b", r"(a)(?(1)b|c)", "(.)" * 12 + r"\12", r"\Ra", r"(?x) a"]
)
def test_a_rule_that_cannot_be_rewritten_keeps_its_way(pattern: str) -> None:
    rule = Rule("r", "R", pattern, max_length=0)
    assert superset_of(rule) is None
    rules = [rule, Rule("s", "S", "zap")]
    for text in ("xfoo ac ab a\r\nb", "zap", "nothing", "aaabbb"):
        assert Scanner(rules, engine="fast").find(text) == Scanner(rules, engine="core").find(text)


@pytest.mark.parametrize(
    ("keyword", "texts", "ignore_case"),
    [
        ("how  to", ["How\n\tto"], True),
        ("c++", ["C++", "c+++"], True),
        ("Straße", ["strasse"], True),
        ("İstanbul", ["ISTANBUL"], True),
        ("_x", ["_x"], False),
        ("a.b", ["a.b"], False),
    ],
)
def test_a_keyword_is_written_as_it_is_compared(keyword: str, texts: list[str], ignore_case: bool) -> None:
    rule = Rule("k", "K", keywords=(keyword,), ignore_case=ignore_case)
    (source,) = supersets_of_keywords(rule)
    for text in texts:
        assert re2.search(source, text)
        assert Scanner([rule], engine="fast").find(text) == Scanner([rule], engine="core").find(text) != ()


def test_a_keyword_that_ascii_cannot_hold_is_no_reason_to_look() -> None:
    rules = [Rule("k", "K", keywords=("爆弾", "größe"), ignore_case=False)]
    assert list(supersets_of_keywords(rules[0])) == []
    each = Scanner([*rules, Rule("r", "R", "zap")], engine="fast")
    assert each.find("grosse zap") == [Match(7, 10, 1)]
    assert each.find("größe") == [Match(0, 5, 0)]


def many_keywords() -> list[str]:
    rng = random.Random(1)
    words = ["".join(rng.choices(["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu"], k=3)) for _ in range(400)]
    return [f"{rng.choice(words)} {rng.choice(words)}" for _ in range(10_000)]


@pytest.mark.parametrize("max_bytes", [1 << 26, 1 << 20])
def test_ten_thousand_keywords_are_found_alike_and_within_bounds(
    max_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "MAX_BYTES", max_bytes)
    keywords = many_keywords()
    rules = (*BlockedPatterns(keywords).rules, *PII().rules)
    fast, core = Scanner(rules, engine="fast"), Scanner(rules, engine="core")
    text = "a@b.cc " + " and ".join(keywords[::500]) + " bado bado"
    assert fast.find(text) == core.find(text)
    assert len(fast.find(text)) >= 20
    assert fast.find("nothing of it") == ()


def test_an_automaton_that_gives_up_decides_nothing() -> None:
    assert Accelerator(lambda _: None, [0], []).screen("x") is None
    assert Accelerator(lambda _: [0], [0], []).screen("x") is None


def test_text_beyond_ascii_is_left_to_the_core() -> None:
    assert Accelerator(lambda _: [1], [0], []).screen("é") is None


@pytest.mark.parametrize("engine", ["auto", "core", "fast"])
def test_a_scanner_survives_pickling_with_its_engine(engine: scanner.Engine) -> None:
    each = pickle.loads(pickle.dumps(Scanner(PII().rules, engine=engine)))
    assert each.engine == engine
    assert each.find("write to bob@example.com") == [Match(9, 24, 0)]


def test_one_accelerated_scanner_serves_many_threads() -> None:
    fast = Scanner(SETS["everything"], engine="fast")
    samples = [" ".join(FRAGMENTS[start::7]).encode("ascii", "ignore").decode() for start in range(7)]
    expected = [Scanner(SETS["everything"], engine="core").find(text) for text in samples]
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append([fast.find(text) for text in samples])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8


def test_without_the_package_auto_does_without_and_fast_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    assert Scanner(PII().rules).find("bob@example.com") == [Match(0, 15, 0)]
    with pytest.raises(ConfigurationError, match=re.escape("pip install 'genai_guard[fast]'")):
        Scanner(PII().rules, engine="fast")


def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be one of 'auto', 'core', 'fast'"):
        Scanner([], engine="slow")  # type: ignore[arg-type]


def test_the_engine_of_all_scanners_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Scanner(PII().rules).engine == "auto"
    monkeypatch.setattr(scanner, "default_engine", "core")
    assert Scanner(PII().rules).engine == "core"
    assert Scanner(PII().rules, engine="fast").engine == "fast"


def test_importing_the_library_does_not_load_the_package() -> None:
    code = "import sys, genai_guard.guards, genai_guard.text; print('re2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_rules_are_no_reason_for_an_automaton() -> None:
    assert Scanner([], engine="fast").find("x") == ()
    assert Scanner([Rule("a", "A", "a*")], engine="fast").find("baab") == [Match(1, 3, 0)]
