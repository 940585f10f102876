"""Which rows are done, in a file: what a run that was killed goes on from.

A line of JSON stands for each row, after a first one about the run. What a line says has been acknowledged; a last line
that was not written to its end was not, is cut off, and its row is called again.

No text of a row or reply is written unless `keep_results` says so. A row is known by its place, or by 16 bytes of a
salted hash of its key; two bytes of a salted hash of the row itself tell another input, and are too few to tell a row.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any, Final, cast

from genai_guard.batch.result import RowResult
from genai_guard.errors import ConfigurationError, GuardBlocked
from genai_guard.recording.locking import claimed, released
from genai_guard.verdicts import Finding

__all__ = ["Checkpoint", "Ledger", "checkpoint_of"]

_FORMAT: Final = 1
_HEAD: Final = b'{"genai_guard.batch"'
_PIECE: Final = 1 << 16
_SIZE_BITS: Final = 40


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run of rows notes what is done, for the next run to go on from.

    Without results a row is done when its result has been taken and the next one is asked for; the next run leaves it
    out. With results it is done when its call has ended; the next run hands its result out again, without a call.
    A row whose call failed is not done, and is called again; one that a guard refused is.

    Args:
        path: The file, made for its owner alone. Its folder must exist.
        keep_results: Keep what the calls returned, as the guards left it. This is text of users and models.
        encode: Makes of a value what JSON knows; for values that JSON does not.
        decode: Makes it a value again.

    Raises:
        ConfigurationError: an argument is not what it should be.
    """

    path: str | os.PathLike[str]
    keep_results: bool = False
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike) or not os.fspath(self.path):
            raise ConfigurationError("Checkpoint(path=...): takes the path of a file, such as 'run.jsonl'")
        if not self.keep_results and (self.encode or self.decode):
            raise ConfigurationError("Checkpoint(encode=..., decode=...): only with keep_results=True")


def checkpoint_of(value: Checkpoint | str | os.PathLike[str] | None) -> Checkpoint | None:
    """Return a checkpoint, of which the path alone may be given."""
    return value if value is None or isinstance(value, Checkpoint) else Checkpoint(value)


class Ledger:
    """The open file of a checkpoint. May be used from several threads; no other process opens it meanwhile.

    Args:
        checkpoint: Where it is, and what it keeps.
        pipeline: Name of the pipeline.
        function: Name of the function.
        by_key: Whether rows are known by a key.

    Raises:
        ConfigurationError: it is in use, is none, or is that of another run.
    """

    def __init__(self, checkpoint: Checkpoint, *, pipeline: str, function: str, by_key: bool) -> None:
        self._checkpoint: Final = checkpoint
        self._name: Final = os.fspath(checkpoint.path)
        self._lock: Final = Lock()
        self._done: dict[int | str, int] = {}
        self._keys: set[str] = set()
        self._head: dict[str, Any] = {
            "genai_guard.batch": _FORMAT,
            "pipeline": pipeline,
            "function": function,
            "by": "key" if by_key else "index",
            "results": checkpoint.keep_results,
        }
        self._fd: int | None = self._claim()
        try:
            self._salt: bytes = self._read()
        except BaseException:
            self.close()
            raise

    @property
    def keeps_results(self) -> bool:
        """Whether results are kept."""
        return self._checkpoint.keep_results

    def earlier(self, index: int, key: str | int | None, row: Any) -> RowResult[Any] | None:
        """Return what an earlier run made of a row; without results a mere sign that it did. None if it did not.

        Raises:
            ConfigurationError: the row is another than it was, or two rows have the same key.
        """
        name = self._named(index, key)
        if isinstance(name, str):
            if name in self._keys:
                raise ConfigurationError(f"row {index}: a row before it has the same key")
            self._keys.add(name)
        place = self._done.get(name)
        if place is None:
            return None
        line = self._line(place)
        now, then = self._print(row), line.get("row", "")
        if now and then and now != then:
            raise ConfigurationError(
                f"{self._name}: row {index} is another than it was when it was done: this is the checkpoint of another"
                " input; name a new file, or remove it"
            )
        return self._result(index, key, row, line)

    def note(self, result: RowResult[Any]) -> None:
        """Write that a row is done, unless it has to be called again.

        Raises:
            ConfigurationError: its result is to be kept and is nothing that JSON knows.
            OSError: it cannot be written.
        """
        if result.resumed or not (result.ok or isinstance(result.error, GuardBlocked)):
            return
        name = self._named(result.index, result.key)
        line = {"key" if isinstance(name, str) else "index": name, "row": self._print(result.row)}
        if self.keeps_results:
            line |= self._kept(result)
        try:
            text = json.dumps(line, separators=(",", ":"))
        except (TypeError, ValueError):
            raise ConfigurationError(
                f"a value of type {type(result.value).__name__} is not JSON and cannot be kept: give"
                " Checkpoint(..., encode=..., decode=...)"
            ) from None
        with self._lock:
            if self._fd is not None:
                _write(self._fd, text)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                released(fd)

    def __del__(self) -> None:
        if "_fd" in self.__dict__:
            self.close()

    def _claim(self) -> int:
        try:
            fd = claimed(Path(self._name))
        except OSError as error:
            raise ConfigurationError(f"{self._name}: cannot be opened: {error.strerror}") from None
        if fd is None:
            raise ConfigurationError(f"{self._name}: another run is at it")
        return fd

    def _read(self) -> bytes:
        """Learn what is done, and cut off a line that was not written to its end."""
        fd = cast("int", self._fd)
        with os.fdopen(os.dup(fd), "rb") as file:
            head = self._head_of(file.readline())
            end = place = file.tell() if head else 0
            for line in file if head else ():
                if not line.endswith(b"\n"):
                    break
                self._done[self._name_in(line, place)] = place << _SIZE_BITS | len(line)
                end = place = place + len(line)
        os.ftruncate(fd, end)
        os.lseek(fd, 0, os.SEEK_END)
        if not head:
            head = self._head | {"salt": secrets.token_hex(16)}
            _write(fd, json.dumps(head))
        return bytes.fromhex(head["salt"])

    def _head_of(self, line: bytes) -> dict[str, Any]:
        """Return the first line; nothing if there is none, or not all of it."""
        if not line.endswith(b"\n") and (_HEAD.startswith(line) or line.startswith(_HEAD)):
            return {}
        head = _parsed(line)
        if head.get("genai_guard.batch") != _FORMAT or not _is_hex(head.get("salt")):
            raise ConfigurationError(f"{self._name}: is no checkpoint: name a new file")
        for name, value in self._head.items():
            if head.get(name) != value:
                raise ConfigurationError(
                    f"{self._name}: was begun with {name} {head.get(name)!r}, not {value!r}: name a new file, or remove it"
                )
        return head

    def _name_in(self, line: bytes, place: int) -> int | str:
        name = _parsed(line).get(self._head["by"])
        if not isinstance(name, str if self._head["by"] == "key" else int):
            raise ConfigurationError(f"{self._name}: what begins at byte {place} is no line of a checkpoint")
        return name

    def _line(self, place: int) -> dict[str, Any]:
        with self._lock:
            fd = cast("int", self._fd)
            os.lseek(fd, place >> _SIZE_BITS, os.SEEK_SET)
            line = _read_all(fd, place & ((1 << _SIZE_BITS) - 1))
            os.lseek(fd, 0, os.SEEK_END)
        return _parsed(line)

    def _named(self, index: int, key: str | int | None) -> int | str:
        if self._head["by"] == "index":
            return index
        return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16, key=self._salt).hexdigest()

    def _print(self, row: Any) -> str:
        """Return two bytes that tell whether a row changed; nothing for rows that are no plain data."""
        try:
            text = json.dumps(row, sort_keys=True)
        except (TypeError, ValueError):
            return ""
        return blake2b(text.encode(), digest_size=2, key=self._salt).hexdigest()

    def _kept(self, result: RowResult[Any]) -> dict[str, Any]:
        if isinstance(result.error, GuardBlocked):
            error = result.error
            return {"blocked": [error.guard, error.stage, [asdict(each) for each in error.findings]]}
        encode = self._checkpoint.encode
        return {"value": result.value if encode is None else encode(result.value)}

    def _result(self, index: int, key: str | int | None, row: Any, line: dict[str, Any]) -> RowResult[Any]:
        if "blocked" in line:
            guard, stage, findings = line["blocked"]
            error = GuardBlocked(guard, stage, [Finding(**each) for each in findings])
            return RowResult(index, key, row, error=error, resumed=True)
        decode, value = self._checkpoint.decode, line.get("value")
        return RowResult(index, key, row, value if decode is None else decode(value), resumed=True)


def _write(fd: int, text: str) -> None:
    """Write a line, all of it or nothing. What is with the system survives the death of the process."""
    place = os.lseek(fd, 0, os.SEEK_CUR)
    left = memoryview(f"{text}\n".encode())
    try:
        while left:
            left = left[os.write(fd, left) :]
    except BaseException:  # half of a line before others would be no checkpoint any more
        os.ftruncate(fd, place)
        os.lseek(fd, place, os.SEEK_SET)
        raise


def _read_all(fd: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size and (piece := os.read(fd, min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _parsed(line: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return {}


def _is_hex(value: object) -> bool:
    with suppress(ValueError):
        return isinstance(value, str) and len(bytes.fromhex(value)) == 16
    return False
