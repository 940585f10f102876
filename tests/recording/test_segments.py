from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from genai_guard.recording.segments import SegmentWriter, lines, segments

DAY = "2026-11-20"


def writer(folder: Path, max_bytes: int = 1 << 20) -> SegmentWriter:
    return SegmentWriter(folder, max_bytes=max_bytes)


def read(folder: Path) -> list[bytes]:
    return [line for segment in segments(folder) for line in lines(segment)]


def test_nothing_is_made_before_the_first_line(tmp_path: Path) -> None:
    SegmentWriter(tmp_path / "log", max_bytes=100)

    assert list(tmp_path.iterdir()) == []
    assert segments(tmp_path / "log") == ()


def test_lines_come_back_in_order_from_a_private_file(tmp_path: Path) -> None:
    log = writer(tmp_path / "a" / "log")
    for number in range(3):
        log.append(b"%d\n" % number, day=DAY)

    (segment,) = segments(tmp_path / "a" / "log")
    assert list(lines(segment)) == [b"0", b"1", b"2"]
    assert re.fullmatch(rf"{DAY}-{os.getpid()}-00001-[0-9a-f]{{8}}\.jsonl", segment.name)
    assert segment.stat().st_mode & 0o777 == 0o600


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=10)
    for _ in range(5):
        log.append(b"1234\n", day=DAY)

    assert [segment.stat().st_size for segment in segments(tmp_path)] == [10, 10, 5]


def test_a_line_larger_than_a_segment_has_one_of_its_own(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=10)
    for line in (b"1\n", b"x" * 50 + b"\n", b"2\n"):
        log.append(line, day=DAY)

    assert [segment.stat().st_size for segment in segments(tmp_path)] == [2, 51, 2]


def test_a_new_day_begins_a_new_segment_and_an_old_one_does_not(tmp_path: Path) -> None:
    log = writer(tmp_path)
    for day in ("2026-11-20", "2026-11-21", "2026-11-20"):
        log.append(b"x\n", day=day)

    assert [(segment.name[:10], segment.stat().st_size) for segment in segments(tmp_path)] == [
        ("2026-11-20", 2),
        ("2026-11-21", 4),
    ]


def test_two_writers_never_share_a_segment(tmp_path: Path) -> None:
    for log in (writer(tmp_path), writer(tmp_path)):
        log.append(b"x\n", day=DAY)

    assert len(segments(tmp_path)) == 2


def test_a_closed_writer_goes_on_in_a_new_segment(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.append(b"1\n", day=DAY)
    log.close()
    log.close()
    log.append(b"2\n", day=DAY)

    assert read(tmp_path) == [b"1", b"2"]


def test_a_deleted_segment_is_noticed(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.append(b"1\n", day=DAY)
    segments(tmp_path)[0].unlink()
    log.append(b"2\n", day=DAY)

    assert read(tmp_path) == [b"2"]


def test_a_torn_end_is_skipped_and_told(tmp_path: Path) -> None:
    segment = tmp_path / f"{DAY}-1-00001.jsonl"
    segment.write_bytes(b'{"a":1}\n{"a":2}\n{"a":')
    skipped: list[tuple[Path, int]] = []

    found = list(lines(segment, on_skip=lambda path, number: skipped.append((path, number))))

    assert found == [b'{"a":1}', b'{"a":2}']
    assert skipped == [(segment, 3)]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", "2026-11-20.jsonl", "2026-11-20-1-00001.jsonl.gz", "x2026-11-20-1-00001.jsonl"):
        (tmp_path / name).write_text("x\n")

    assert segments(tmp_path) == ()


def test_a_folder_that_cannot_be_made_is_an_error_each_time_and_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = writer(tmp_path / "file" / "log")
    for _ in range(2):
        with pytest.raises(OSError, match="file"):
            log.append(b"x\n", day=DAY)

    (tmp_path / "file").unlink()
    log.append(b"y\n", day=DAY)

    assert read(tmp_path / "file" / "log") == [b"y"]


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="no device that is always full")
def test_a_full_disk_is_an_error_and_leaves_no_trace(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.append(b"1\n", day=DAY)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log._fd)  # the disk fills up under the open segment
    os.close(full)

    with pytest.raises(OSError, match="No space left"):
        log.append(b"2\n", day=DAY)
    log.append(b"3\n", day=DAY)

    assert read(tmp_path) == [b"1", b"3"]


CUT_SHORT = """
import resource, sys
from pathlib import Path
from genai_guard.recording.segments import SegmentWriter

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
log = SegmentWriter(Path(sys.argv[1]), max_bytes=1 << 20)
for number in range(30):
    try:
        log.append(b"%03d %s\\n" % (number, b"x" * 145), day="2026-11-20")
        print(number)
    except OSError:
        pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_write_that_was_cut_short_is_cut_off_and_every_acknowledged_line_is_kept(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", CUT_SHORT, tmp_path], check=True, capture_output=True, text=True)
    acknowledged = [int(line) for line in run.stdout.split()]

    assert [int(line[:3]) for line in read(tmp_path)] == acknowledged
    assert len(acknowledged) >= 25
    assert all(segment.stat().st_size % 150 == 0 for segment in segments(tmp_path))


FOREVER = """
import sys
from itertools import count
from pathlib import Path
from genai_guard.recording.segments import SegmentWriter

log = SegmentWriter(Path(sys.argv[1]), max_bytes=50_000)
for number in count():
    log.append(b"%d %s\\n" % (number, b"x" * 2000), day="2026-11-20")
    print(number, flush=True)
"""


@pytest.mark.parametrize("rows", [1, 37, 400])
def test_no_acknowledged_line_is_lost_to_kill_9(tmp_path: Path, rows: int) -> None:
    with subprocess.Popen([sys.executable, "-c", FOREVER, tmp_path], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        acknowledged = [int(line) for line in islice(child.stdout, rows)]
        child.kill()
        acknowledged += [int(line) for line in child.stdout if line.endswith(b"\n")]

    found = [int(line.split()[0]) for line in read(tmp_path)]

    assert found[: len(acknowledged)] == acknowledged
    assert len(found) <= len(acknowledged) + 1
