"""Whatever is done to a chain afterwards is found, and found where it was done."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits import KEY, chain, drafts, lines, problem_of, put
from genai_guard.recording.audit.canonical import canonical
from genai_guard.recording.audit.chain import Head
from genai_guard.recording.audit.files import ChainWriter, segments
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.audit.verifying import Verification, verify

COUNT = 9
KEYS = {KEY.id: KEY}
Change = Callable[[list[bytes], Any], list[bytes]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return chain(tmp_path_factory.mktemp("whole"), COUNT)


def checked(changed: list[bytes], anchors: tuple[Head, ...] = ()) -> Verification:
    with tempfile.TemporaryDirectory() as folder:
        return verify(put(Path(folder), changed), KEYS, anchors=anchors)


def first_difference(changed: list[bytes], whole: list[bytes]) -> int:
    """Return the number, from 1, of the first record that is another."""
    pairs = enumerate(zip_longest(changed, whole), 1)
    return next(number for number, (now, then) in pairs if now != then)


def test_a_chain_that_nobody_touched_is_whole(whole: list[bytes]) -> None:
    found = checked(whole)

    assert found.ok
    assert found.records == COUNT
    assert found.head.mac == json.loads(whole[-1])["mac"]


places = st.integers(0, COUNT - 1)


def flipped(chain: list[bytes], draw: Any) -> list[bytes]:
    number = draw(places)
    line = bytearray(chain[number])
    line[draw(st.integers(0, len(line) - 1))] ^= draw(st.integers(1, 255))
    return [*chain[:number], bytes(line), *chain[number + 1 :]]


def deleted(chain: list[bytes], draw: Any) -> list[bytes]:
    number = draw(st.integers(0, COUNT - 2))
    return chain[:number] + chain[number + draw(st.integers(1, COUNT - 1 - number)) :]


def swapped(chain: list[bytes], draw: Any) -> list[bytes]:
    first, second = sorted(draw(st.lists(places, min_size=2, max_size=2, unique=True)))
    changed = list(chain)
    changed[first], changed[second] = chain[second], chain[first]
    return changed


def inserted(chain: list[bytes], draw: Any) -> list[bytes]:
    number, copied = draw(st.integers(0, COUNT - 1)), draw(places)
    line = draw(st.sampled_from([chain[copied], b"{}\n", b"\n", b"no record\n", b"[" * 100_000 + b"\n"]))
    return [*chain[:number], line, *chain[number:]]


def edited(chain: list[bytes], draw: Any) -> list[bytes]:
    """Change a field, and spell the record as it should be."""
    number = draw(places)
    record = json.loads(chain[number])
    field = draw(st.sampled_from(sorted(record)))
    record[field] = draw(st.sampled_from([0, 1, -1, 2, "", "00", {}, {"user": "u-9"}, None, True]))
    return [*chain[:number], canonical(record) + b"\n", *chain[number + 1 :]]


def without_subject(chain: list[bytes], draw: Any) -> list[bytes]:
    number = draw(places)
    record = json.loads(chain[number])
    del record["subject"]
    return [*chain[:number], canonical(record) + b"\n", *chain[number + 1 :]]


@pytest.mark.parametrize("change", [flipped, deleted, swapped, inserted, edited, without_subject])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_change_is_found_at_the_first_record_that_it_touches(
    change: Change, whole: list[bytes], data: st.DataObject
) -> None:
    changed = change(whole, data.draw)
    if changed == whole:
        return
    where = first_difference(b"".join(changed).splitlines(keepends=True), whole)

    found = checked(changed)

    assert problem_of(found.problem).sequence == where
    assert problem_of(found.problem).line == where
    assert found.records == where - 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.integers(0, COUNT - 1), anchored=st.integers(1, COUNT))
def test_an_end_that_was_cut_off_is_found_if_an_anchor_stands_for_it(
    whole: list[bytes], kept: int, anchored: int
) -> None:
    record = json.loads(whole[anchored - 1])

    found = checked(whole[:kept], (Head(anchored, record["mac"]),))

    if anchored <= kept:
        assert found.ok
        assert found.anchored == anchored
    else:
        assert problem_of(found.problem).sequence == kept + 1
        assert "cut off" in problem_of(found.problem).reason


def test_an_end_that_was_cut_off_in_a_record_needs_no_anchor(whole: list[bytes]) -> None:
    found = checked([*whole[:-1], whole[-1][:-1]])

    assert problem_of(found.problem).sequence == COUNT


def test_another_chain_under_the_same_key_is_not_the_one_that_was_anchored(tmp_path: Path, whole: list[bytes]) -> None:
    chain(tmp_path, COUNT)
    record = json.loads(whole[3])

    found = verify(tmp_path, KEYS, anchors=[Head(4, record["mac"])])

    assert problem_of(found.problem).sequence == 4
    assert "exchanged" in problem_of(found.problem).reason


def test_a_chain_signed_by_somebody_else_is_not_ours(whole: list[bytes], tmp_path: Path) -> None:
    other = Key("somebody else's secret")

    found = verify(put(tmp_path / "a", whole), {other.id: other})

    assert problem_of(found.problem).sequence == 1
    assert "key" in problem_of(found.problem).reason


def test_a_segment_that_was_deleted_is_missed(tmp_path: Path) -> None:
    chain(tmp_path, 12, max_bytes=1500)
    there = segments(tmp_path)
    first_of_third = json.loads(there[2].read_bytes().splitlines()[0])["sequence"]
    first_of_second = json.loads(there[1].read_bytes().splitlines()[0])["sequence"]
    there[1].unlink()

    problem = problem_of(verify(tmp_path, KEYS).problem)

    assert (problem.sequence, problem.segment, problem.line) == (first_of_second, there[2].name, 1)
    assert f"before record {first_of_third}" in problem.reason


def test_a_chain_of_several_segments_is_whole(tmp_path: Path) -> None:
    chain(tmp_path, 12, max_bytes=1500)

    assert len(segments(tmp_path)) > 2
    assert all(path.stat().st_size <= 1500 for path in segments(tmp_path))
    assert verify(tmp_path, KEYS).records == len(lines(tmp_path)) == 12


def test_who_writes_next_goes_on_from_what_was_cut_off_meanwhile_and_so_shows_it(tmp_path: Path) -> None:
    writer = ChainWriter(tmp_path, max_bytes=1 << 20)
    writer.append(*drafts(range(6)), key=KEY)
    put(tmp_path, lines(tmp_path)[:3])
    writer.append(*drafts([7]), key=KEY)
    writer.close()

    assert problem_of(verify(tmp_path, KEYS).problem).sequence == 4
