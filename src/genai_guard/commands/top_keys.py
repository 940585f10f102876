"""The whole screen of a terminal, and its keys; what was there before comes back, however it ends, and while it is stopped."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TextIO

__all__ = ["Keys", "full_screen"]

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"  # the other screen, no cursor, empty
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_TERMINATED: Final = 128 + signal.SIGTERM


@contextmanager
def full_screen(stream: TextIO, keys: Keys) -> Generator[None]:
    """Draw on the other screen of a terminal; SIGTERM ends the program as an exception does, Ctrl-Z stops it until `fg`."""

    def stop(_: int, __: object) -> None:
        keys.release()
        with suppress(OSError):
            _write(stream, _LEAVE)
        with _handled("SIGTSTP", signal.SIG_DFL):
            os.kill(os.getpid(), signal.SIGTSTP)  # and here it goes on
        keys.take()
        with suppress(OSError):
            _write(stream, _ENTER)

    with _handled("SIGTERM", _exit), _handled("SIGTSTP", stop):
        try:
            _write(stream, _ENTER)
            yield
        finally:
            with suppress(OSError):  # the terminal may be gone
                _write(stream, _LEAVE)


@contextmanager
def _handled(name: str, handler: Any) -> Generator[None]:
    """Handle a signal, where the system has it."""
    number = getattr(signal, name, None)
    if number is None:
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _exit(_: int, __: object) -> NoReturn:
    sys.exit(_TERMINATED)


class Keys:
    """Reads keys without waiting for the end of a line, where the input is a terminal that can do that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fd = -1
        self._before: Any = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def take(self) -> None:
        """Let keys come at once."""
        with suppress(ImportError, OSError, ValueError):  # Windows; no terminal; a stream of its own kind
            import termios  # noqa: PLC0415  not everywhere
            import tty  # noqa: PLC0415  as above

            fd = self._stream.fileno()
            if os.isatty(fd):
                self._before = termios.tcgetattr(fd)
                tty.setcbreak(fd, termios.TCSANOW)  # to wait for what is written may take forever
                self._fd = fd

    def release(self) -> None:
        """Let the terminal be as it was."""
        if self._fd >= 0:
            import termios  # noqa: PLC0415  as above

            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    def wait(self, seconds: float) -> str:
        """Return the key that is pressed in this time; empty for none."""
        if self._fd < 0:
            time.sleep(seconds)
            return ""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        pressed = os.read(self._fd, 1) if ready else b""
        if ready and not pressed:  # the input has ended: there is nothing more to wait for
            self._fd = -1
        return pressed.decode("latin-1")
