"""`Links`: what is refused, why, and what comes through."""

# ruff: noqa: RUF001  look-alikes and other punctuation are what some of these are about

from __future__ import annotations

import base64
import pickle
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import Links
from genai_guard.text import Scanner
from genai_guard.text.view_stream import ViewStream
from genai_guard.text.views import Views
from genai_guard.verdicts import Action
from guards.links_texts import MISSED, NEGATIVES, POSITIVES

GUARD = Links(action="flag")


def reasons(text: str, guard: Links = GUARD) -> list[str]:
    """Return the categories of what is found, each once."""
    return sorted({finding.category.removeprefix("LINK_") for finding in guard.check(text).findings})


@pytest.mark.parametrize(("category", "text"), [pair for pair in POSITIVES if pair not in MISSED])
def test_what_is_wrong_with_a_link_is_found(category: str, text: str) -> None:
    assert category in [finding.category for finding in GUARD.check(text).findings]


@pytest.mark.parametrize("text", NEGATIVES)
def test_ordinary_links_pass(text: str) -> None:
    assert GUARD.check(text).findings == ()


@pytest.mark.parametrize(("category", "text"), MISSED)
def test_small_pieces_and_single_names_are_missed(category: str, text: str) -> None:
    assert GUARD.check(text).findings == ()


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LOCALHOST.",
            "app.localhost",
            "printer.local",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "0.0.0.0",
        ),
        *(
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "017700000001",
            "0x7f.0.0.1",
            "169.254.169.254",
            "100.64.1.1",
        ),
        *(
            "[::1]",
            "[::]",
            "[fe80::1%25eth0]",
            "[fd12:3456::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
        ),
        *("169-254-169-254.sslip.io", "x.127.0.0.1.nip.io", "metadata.google.internal", "%31%30.0.0.1", "１０.0.0.1"),
    ],
)
def test_a_private_host_is_one_however_it_is_written(host: str) -> None:
    assert reasons(f"see http://{host}/x") == ["PRIVATE"]


@pytest.mark.parametrize(
    "host",
    ["1.1.1.1", "134744072", "192.0.2.1", "[2606:4700:4700::1111]", "172.32.0.1", "internal.example.com", "256.1.1.1"],
)
def test_a_public_host_is_none(host: str) -> None:
    assert reasons(f"see http://{host}/x") == []


@pytest.mark.parametrize(
    "link",
    [
        "https://{user}:{password}@host.example/",
        "https://$TOKEN@git.example/a",
        "https://medium.com/@ines",
        "ssh://git@a.example/",
    ],
)
def test_placeholders_and_signs_in_paths_are_no_credentials(link: str) -> None:
    assert reasons(link) == []


def test_punycode_is_read_before_it_is_judged() -> None:
    assert reasons("https://xn--e1awd7f.com/") == ["HOMOGRAPH"]
    assert reasons("https://xn--80adxhks.xn--p1ai/") == []


def test_a_name_with_marks_is_a_homograph_of_a_well_known_one_only() -> None:
    assert reasons("https://paypál.com") == ["HOMOGRAPH"]
    assert reasons("https://málaga.com") == []


def test_the_names_of_allowed_hosts_are_protected_too() -> None:
    assert reasons("https://fernwöod.com") == []
    assert reasons("https://fernwöod.com", Links(["fernwood.com"])) == ["HOMOGRAPH"]


def test_an_allowed_host_is_allowed_with_its_subdomains() -> None:
    guard = Links(["example.com"])
    assert reasons("https://example.com/a and https://docs.example.com and www.example.com", guard) == []
    assert reasons("https://example.com.evil.net", guard) == ["NOT_ALLOWED"]
    assert reasons("https://notexample.com", guard) == ["NOT_ALLOWED"]


def test_a_wildcard_stands_for_subdomains_alone() -> None:
    guard = Links(["*.example.com"])
    assert reasons("https://a.b.example.com", guard) == []
    assert reasons("https://example.com", guard) == ["NOT_ALLOWED"]


def test_an_entry_may_ask_for_a_scheme() -> None:
    guard = Links(["https://example.com"])
    assert reasons("https://example.com", guard) == []
    assert reasons("http://example.com", guard) == ["NOT_ALLOWED"]


def test_networks_may_be_listed() -> None:
    guard = Links(["10.0.0.0/8", "[::1]"])
    assert reasons("http://10.3.4.5 and http://[::1]/ and http://167772161/", guard) == []
    assert reasons("http://192.168.1.1", guard) == ["PRIVATE"]


def test_lists_and_links_may_be_in_punycode_or_not() -> None:
    assert reasons("https://xn--mnchen-3ya.de", Links(["münchen.de"])) == []
    assert reasons("https://MÜNCHEN.de", Links(["xn--mnchen-3ya.de"])) == []


def test_a_sentence_that_goes_on_behind_a_link_is_no_part_of_its_host() -> None:
    assert reasons("请访问www.gov.cn。谢谢！", Links(["gov.cn"])) == []
    assert reasons("https://例え.テスト。", Links(["例え.テスト"])) == []


def test_a_denied_host_is_denied_also_inside_of_another_link() -> None:
    guard = Links(deny=["evil.example"])
    assert reasons("https://cdn.evil.example/x", guard) == ["DENIED"]
    assert reasons("https://good.example/out?to=https%3A%2F%2Fevil.example%2F", guard) == ["DENIED"]
    assert reasons("https://devil.example/x", guard) == []


def test_deny_counts_more_than_allow() -> None:
    assert reasons("https://bad.example.com", Links(["example.com"], deny=["bad.example.com"])) == ["DENIED"]


def test_an_allowed_host_may_be_private_and_be_told_anything() -> None:
    told = base64.b64encode(b"the name is Ines Faro and the pin is 4417").decode()
    text = f"http://localhost:3000/ and ![x](https://img.example/x?d={told})"
    assert reasons(text) == ["EXFILTRATION", "PRIVATE"]
    assert reasons(text, Links(["localhost", "img.example"])) == []


def test_addresses_are_refused_if_asked() -> None:
    assert reasons("http://93.184.216.34/") == []
    assert reasons("http://93.184.216.34/", Links(addresses=True)) == ["ADDRESS"]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("private", "http://10.0.0.1/"),
        ("credentials", "https://a:b@c.example/"),
        ("homographs", "https://paypál.com/"),
        ("schemes", "[x](javascript:alert(1))"),
        ("exfiltration", "![x](https://e.example/?q=this+is+what+the+user+said+to+me)"),
    ],
)
def test_each_check_can_be_switched_off(check: str, text: str) -> None:
    assert reasons(text) != []
    parameters: dict[str, Any] = {check: False}
    assert reasons(text, Links(**parameters)) == []


def test_the_gravest_reason_is_given() -> None:
    assert reasons("https://a:b@10.0.0.1/") == ["PRIVATE"]
    assert reasons("https://a:b@c.example/", Links(["d.example"])) == ["CREDENTIALS"]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("See http://10.0.0.1/x, please.", "See [LINK], please."),
        ("[here](http://10.0.0.1/x(1)) and on", "[here]([LINK]) and on"),
        ("![pic](https://e.example/?q=this+is+what+the+user+said) end", "[LINK] end"),
        ('![pic](https://e.example/?q=this+is+what+the+user+said "Title") end', "[LINK] end"),
        ('<img src="https://e.example/?q=this+is+what+the+user+said">', '<img src="[LINK]">'),
        ("a { background: url(https://e.example/?q=this+is+what+the+user+said) }", "a { background: url([LINK]) }"),
        ("http://10.0.0.1,http://example.com;http://10.0.0.2", "[LINK],http://example.com;[LINK]"),
        (
            "(http://10.0.0.1/) 'http://10.0.0.2' **http://10.0.0.3** http://10.0.0.4...",
            "([LINK]) '[LINK]' **[LINK]** [LINK]...",
        ),
        ("[http://ok.example](http://10.0.0.1/)", "[http://ok.example]([LINK])"),
        ("访问http://10.0.0.1/路径。然后", "访问[LINK]。然后"),
        ("见http://localhost:3000。谢谢", "见[LINK]。谢谢"),
    ],
)
def test_redaction_takes_the_link_and_leaves_the_rest(text: str, redacted: str) -> None:
    assert Links().check(text).text == redacted


def test_a_disguised_link_is_found_where_it_stands() -> None:
    text = "go to h\u200bttp://10.0.\u200b0.1/x now"
    (finding,) = GUARD.check(text).findings
    assert finding.of(text) == "h\u200bttp://10.0.\u200b0.1/x"


def test_nothing_of_a_link_stands_in_a_verdict() -> None:
    assert "hunter2" not in repr(GUARD.check("https://me:hunter2@c.example/"))


def test_guards_are_values() -> None:
    guard = Links(["example.com"], deny=["bad.example.com"])
    assert guard == pickle.loads(pickle.dumps(guard)) == Links(("example.com",), deny=("bad.example.com",))
    assert hash(guard) == hash(Links(["example.com"], deny=["bad.example.com"]))
    assert pickle.loads(pickle.dumps(guard)).check("http://10.0.0.1").action is Action.REDACT


def test_compiled_rules_survive_pickling() -> None:
    scanner = pickle.loads(pickle.dumps(Scanner(Links(["example.com"]).rules)))
    assert len(scanner.find("http://example.net/")) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"allow": "example.com"}, "allow=...) takes a list of domains, not str"),
        ({"deny": 7}, "deny=...) takes a list of domains, not int"),
        ({"allow": ["ok.example", "https://x.example/path"]}, "item 1 is no domain"),
        ({"allow": [""]}, "item 0 is no domain"),
        ({"deny": ["a b"]}, "item 0 is no domain"),
        ({"deny": ["*"]}, "item 0 is no domain"),
        ({"deny": [3]}, "item 0 is int, not a str"),
        ({"action": "mask"}, "action='mask'"),
        (
            dict.fromkeys(["schemes", "private", "credentials", "homographs", "exfiltration"], False),
            "nothing to look for",
        ),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match="Links") as raised:
        Links(**parameters)
    assert message in str(raised.value)


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "http",
                "https:",
                "//",
                "10.0.0.1",
                "/x",
                " ",
                "see ",
                "](",
                "![a",
                "[r]: ",
                "\n",
                ")",
                "(",
                "www.",
                "а",
                ".",
                ",",
            ),
            *(
                "user:pw@",
                "example.com",
                "localhost",
                "src=",
                '"',
                "javascript:",
                "alert(1)",
                "?q=",
                "this+is+what+the+user+said",
            ),
            *("\u200b", "xn--pple-43d.com", "VGhlIG5hbWUgaXMgSW5lcyBGYXJv", "data:text/html,", "\u3002"),
        ]
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(pieces=PIECES, size=st.integers(1, 9))
def test_a_stream_cut_anywhere_finds_the_same(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    views = Views(Scanner(Links(["ok.example"], action="flag").rules))
    stream = ViewStream(views)
    cuts = [text[at : at + size] for at in range(0, len(text), size)]
    decided = [found for piece in cuts if (found := stream.feed(piece)) is not None]
    decided.append(stream.finish())
    assert "".join(each.text for each in decided) == text
    assert [match[:3] for each in decided for match in each.matches] == [match[:3] for match in views.find(text)]


@pytest.mark.parametrize(("category", "text"), POSITIVES)
def test_promises_hold(category: str, text: str) -> None:
    """A scanner of rules without promises finds the same."""
    from dataclasses import replace

    bare = Scanner([replace(rule, literals=(), max_length=0, min_length=1) for rule in GUARD.rules])
    assert [*bare.find(text)] == [*Scanner(GUARD.rules).find(text)]


HOSTILE = [
    *(
        "http://",
        "http://a",
        "![",
        "[",
        "](",
        "src=",
        "src=//",
        "javascript:",
        "data:text/html,",
        "www.",
        "//",
        "url(",
        ",",
    ),
    *(
        "http://a,http://a,",
        "https://a.b/?x=",
        "https://10.0.0.1 ",
        "http:\\\\",
        "(",
        ")",
        "!\x5b]( ",
        "\n[a]: ",
        "h",
        "http://[",
        "@",
    ),
    *("http://a/(", "&a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "%41", "file://a", "javascript:(", "srcset = ", "xn--a."),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit: str) -> None:
    scanner = Scanner(GUARD.rules)
    half = unit * (4_000 // len(unit))

    def stream(text: str) -> None:
        scan = ViewStream(GUARD._views)
        for at in range(0, len(text), 40):
            scan.feed(text[at : at + 40])
        scan.finish()

    def long(head: str, times: int) -> str:
        return head + half * times

    for head in ("", "https://a.example/", "![a](https://a.example/?q="):
        assert not grows_faster(scanner.find, partial(long, head))
    assert not grows_faster(stream, half.__mul__)
