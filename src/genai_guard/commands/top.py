"""`top`: shows the calls of all processes as they come, on a terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from genai_guard.commands.as_json import as_json
from genai_guard.commands.shared import OK, UsageError
from genai_guard.commands.terminal import Paint, add_colour, is_terminal, paint_for
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.commands.top_keys import Keys
    from genai_guard.recording.logs.base import LogRow
    from genai_guard.recording.report.rolling import Rolling

__all__ = ["add_arguments", "run"]

_HINT: Final = "q quits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("log", metavar="LOG", help="the folder of an inference log, or its file of SQLite")
    parser.add_argument(
        "--window", metavar="S", type=float, default=60.0, help="seconds that are added up (%(default)g)"
    )
    parser.add_argument("--interval", metavar="S", type=float, default=1.0, help="seconds between frames (%(default)g)")
    parser.add_argument("--once", action="store_true", help="print one frame and end")
    parser.add_argument("--json", action="store_true", help="print frames as lines of JSON")
    add_colour(parser)


def run(args: argparse.Namespace) -> int:
    """Show frames until `q` or Ctrl-C; without a terminal print them one below the other."""
    from genai_guard.recording import open_log  # noqa: PLC0415  `--help` does not need them
    from genai_guard.recording.report.rolling import Rolling  # noqa: PLC0415

    if not (1 <= args.window <= 86_400 and 0.1 <= args.interval <= 86_400):
        raise UsageError("--window takes 1 to 86400 seconds, --interval 0.1 to 86400")
    try:
        log = open_log(args.log)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    follower = log.follow(since_s=time.time() - args.window)
    view = _View(args.log, follower, Rolling(window_s=args.window), paint_for(args.color, sys.stdout))
    if args.once or args.json or not is_terminal(sys.stdout):
        show = view.json if args.json else view.text
        _print_on(show, view, between="" if args.json else "\n", interval_s=None if args.once else args.interval)
    else:
        from genai_guard.commands.top_keys import Keys, full_screen  # noqa: PLC0415  needs a terminal

        with Keys(sys.stdin) as keys, full_screen(sys.stdout, keys):
            _redraw(view, keys, interval_s=args.interval)
    return OK


class _View:
    """What is seen at a time."""

    def __init__(self, source: str, follower: Iterator[LogRow | None], rolling: Rolling, paint: Paint) -> None:
        self._source = source
        self._follower = follower
        self._rolling = rolling
        self._paint = paint

    def update(self) -> None:
        """Take in what is new."""
        now_s = time.time()
        while (row := next(self._follower)) is not None:
            self._rolling.add(row, now_s=now_s)

    def json(self) -> str:
        """Return the figures of this moment, for programs."""
        return as_json(self._rolling.frame(now_s=time.time()))

    def text(self) -> str:
        """Return the frame of this moment, for whoever reads the output later."""
        columns = shutil.get_terminal_size((120, 0)).columns
        return "\n".join([*self.lines(sys.stdout, columns=columns, lines=None), ""])

    def lines(self, stream: TextIO, *, columns: int, lines: int | None, hint: str = "") -> list[str]:
        """Return the frame of this moment."""
        from genai_guard.commands.top_screen import screen  # noqa: PLC0415  `--help` does not need it

        return screen(
            self._rolling.frame(now_s=time.time()),
            source=self._source,
            columns=columns,
            lines=lines,
            paint=self._paint,
            encoding=stream.encoding or "ascii",
            hint=hint,
        )


def _print_on(show: Callable[[], str], view: _View, *, between: str, interval_s: float | None) -> None:
    """Print a frame, and further ones if there is an interval, for whoever reads the output."""
    while True:
        view.update()
        sys.stdout.write(show())
        sys.stdout.flush()
        if interval_s is None:
            return
        time.sleep(interval_s)
        sys.stdout.write(between)


def _redraw(view: _View, keys: Keys, *, interval_s: float) -> None:
    """Draw frames over each other until somebody has seen enough. A terminal that changes its size is drawn anew at once."""
    while True:
        view.update()
        size = shutil.get_terminal_size()
        lines = view.lines(sys.stdout, columns=size.columns, lines=size.lines, hint=_HINT)
        sys.stdout.write("\x1b[H" + "\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
        sys.stdout.flush()
        until_s = time.monotonic() + interval_s
        while (left_s := until_s - time.monotonic()) > 0 and shutil.get_terminal_size() == size:
            if keys.wait(min(left_s, 0.1)) in {"q", "Q"}:
                return
