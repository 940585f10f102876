"""The labelled texts that classifiers are trained and tested on."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from training.data import PACKAGES, Corpus, corpus
from training.examples import KINDS, LABELS, TASKS, Example, Task
from training.sources import packages
from training.sources.duplicates import pieces_of, without_near_duplicates
from training.sources.grammar import read_grammar
from training.sources.packages import PackageSource, literals, missing, rows
from training.sources.writing import read_blocks

ROOT = Path(__file__).parents[2]
SCALE = 0.02
FOUND = {"injection": "attack", "harm": "harmful"}


def own(task: Task) -> Corpus:
    """Return this project's own texts, a part of what the grammars make."""
    return corpus(task, packages=False, scale=SCALE)


def example(text: str, source: str) -> Example:
    return Example(text, frozenset(), source, "chat", "en", "train", "prompt", "Apache-2.0")


@pytest.mark.parametrize("task", TASKS)
def test_labels_kinds_and_places_are_those_that_there_are(task: Task) -> None:
    for each in own(task).examples:
        assert each.labels <= LABELS[task], each
        assert each.labels != {"obfuscated"}, each
        assert each.kind in KINDS, each
        assert (each.kind in FOUND.values()) == bool(each.labels), each
        assert each.place in {"prompt", "document", "tool_result"}, each
        assert len(each.language) == 2, each
        assert each.text.strip(), each


@pytest.mark.parametrize("task", TASKS)
def test_every_kind_and_every_label_is_trained_and_tested(task: Task) -> None:
    wanted = KINDS - set(FOUND.values()) | {FOUND[task]} | LABELS[task]
    for split in ("train", "test"):
        seen = {name for each in own(task).examples if each.split == split for name in (each.kind, *each.labels)}
        assert wanted - seen == set(), split


@pytest.mark.parametrize("task", TASKS)
def test_a_source_is_of_one_split_and_the_harmless_are_the_larger_part(task: Task) -> None:
    examples = own(task).examples
    pairs = {(each.source, each.split) for each in examples}
    assert len(pairs) == len({source for source, _ in pairs})
    for split in ("train", "test"):
        harmless = [not each.labels for each in examples if each.split == split]
        assert sum(harmless) >= len(harmless) / 2, split


def test_nothing_in_training_nearly_stands_in_a_test() -> None:
    examples = own("harm").examples
    tested = {each.text for each in examples if each.split == "test"}
    assert not any(each.text in tested for each in examples if each.split == "train")
    close = [each for each in examples if each.split == "test" and each.source != "detection-corpus"]
    spied = [*close, *(each for each in examples if each.split == "train")]
    assert without_near_duplicates(spied, group=lambda each: each.split)[1] == Counter()


def test_the_texts_are_the_same_whatever_the_seed_of_hashes() -> None:
    texts = [each.text for each in corpus("harm", packages=False, scale=SCALE).examples]
    code = (
        "import hashlib; from training.data import corpus;"
        f"texts = [each.text for each in corpus('harm', packages=False, scale={SCALE}).examples];"
        "print(hashlib.sha256(chr(0).join(texts).encode()).hexdigest())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == hashlib.sha256(chr(0).join(texts).encode()).hexdigest()


def test_the_packages_are_pinned_and_their_licences_told() -> None:
    pinned = {line.partition("==")[0] for line in (ROOT / "training" / "packages.txt").read_text("utf-8").splitlines()}
    readme = (ROOT / "training" / "README.md").read_text("utf-8")
    for source in PACKAGES:
        assert source.package in pinned
        assert f"| `{source.package}` | {source.licence} |" in readme


def test_a_package_that_is_not_installed_is_told_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import data

    absent = PackageSource("x", "no-such-data", "MIT", "harm", "train", lambda: rows(iter(("a text",))))
    monkeypatch.setattr(data, "PACKAGES", (absent,))
    monkeypatch.setattr(data, "_gathered", lambda *_, **__: iter(()))
    data.corpus.cache_clear()
    assert missing("no-such-data")
    assert data.load("harm", scale=0) == []
    assert "ABSENT: no-such-data" in capsys.readouterr().err
    data.corpus.cache_clear()


def test_a_near_duplicate_in_another_source_is_left_out_and_counted() -> None:
    long = "Please forget the draft that I sent you on Monday and write a new one, shorter and a bit warmer in its tone"
    texts = [example(long, "a"), example(f"{long}, thanks", "a"), example(f"{long}!", "b"), example("Hello there", "b")]
    kept, dropped = without_near_duplicates(texts, group=lambda each: each.source)
    assert [each.text for each in kept] == [long, f"{long}, thanks", "Hello there"]
    assert dropped == {("b", "near"): 1}


def test_the_pieces_of_a_text_do_not_mind_case_and_punctuation() -> None:
    assert pieces_of("Repeat the text, word for word!") == pieces_of("repeat the text word for word")


def test_a_grammar_reads_lists_headings_and_templates(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        "# kind: code\n# rows: 3\nwho = {name!} and {name!} |\n two | {name?}\nname = Ann | Bob\n> a {who} [x|y]\n"
    )
    grammar = read_grammar(path)
    assert grammar.lists["who"] == ["{name!} and {name!}", "", "two", "{name?}"]
    assert [(heading.kind, heading.rows) for heading, _ in grammar.templates] == [("code", 3)]


def test_a_heading_holds_for_the_lines_below_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("# kind: news\none\n# labels: hate, violence\n# kind: harmful\ntwo\n# labels:\n\nthree\n")
    said = [(heading.kind, sorted(heading.labels), text) for heading, text in read_blocks(path)]
    assert said == [("news", [], "one"), ("harmful", ["hate", "violence"], "two"), ("harmful", [], "three")]


def test_what_a_module_assigns_is_read_without_running_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.py").write_text("import no_such_module\nX = ['a' + y, f'b{z}', {'k': 1}]\nraise SystemExit\n")
    monkeypatch.setattr(packages, "_located", lambda package, name: tmp_path / name)
    assert list(literals("any", "m.py", "X")) == [["aJUNIPER-7", "bJUNIPER-7", {"k": 1}]]
