"""`ReviewQueue`: calls that people look at, in a file that all processes of a machine share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import one_of, settle
from genai_guard.recording.erasing import checked_user, writable
from genai_guard.recording.redaction import FAILED, TOO_LONG, Redactor
from genai_guard.recording.review.recent import Recent
from genai_guard.recording.review.selection import Selection, checked_selections
from genai_guard.recording.review.table import TABLES, NewItem, ReviewTable
from genai_guard.recording.review.values import Labels, Review, ReviewItem, ReviewStats, ReviewStatus
from genai_guard.recording.telemetry.settings import OpenTelemetry, evaluations_by

if TYPE_CHECKING:
    import sqlite3

    from genai_guard.recording.review.writer import ReviewWriter

__all__ = ["DEFAULT_SELECTIONS", "ReviewQueue"]

T = TypeVar("T")

DEFAULT_SELECTIONS: Final = (Selection(found=True, priority=10), Selection(found=False, share=0.01))
"""Every call in which a guard found something, and one in a hundred of the others."""

_NO_RULES: Final[Mapping[str, str]] = FrozenDict()
_PAGE: Final = 200
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class ReviewQueue:
    """Keeps calls that people are to look at, and what they say of them, for all processes of a machine.

    Give it to a recorder, which puts calls into it: `MetricsRecorder(review=ReviewQueue("review.sqlite"))`. Reviewers
    work on the same file from wherever they are: `claim`, then `judge`, `skip` or `escalate`. What `claim` hands out is
    held by nobody else for `lease_s`, unless several reviews of one item are wanted.

    The file, with `-wal` and `-shm` beside it, must be on a disk of this machine; only its owner can read it. It is
    made, with its folder, by the first item.

    Args:
        path: The file.
        selections: Which calls come into it; every flagged one and 1 % of the others unless given.
        thumbs_down: Priority of calls that a user gave a thumb down, which then come in whatever the selections say;
            None to leave them out. Their texts are known for the latest 1 000 calls of the process that recorded them.
        reviews_each: How many reviewers have to judge an item; two and more tell how far they agree.
        on_disagreement: What becomes of an item whose reviewers do not agree: somebody decides, or nobody does.
        lease_s: For how long an item is in the hands of whoever claimed it.
        labels: What a judgement may say.
        max_items: Most items that wait; a call that finds no room is dropped and counted.
        keep_days: Days after which an item is removed, judged or not.
        redact: How texts are redacted before they are kept; `Redactor()` when None. It covers what guards found: give
            `Redactor(keep=["injection.*"])` where reviewers must see what they judge.
        timeout_s: Most seconds to wait for other processes.
        telemetry: Judgements are also events `gen_ai.evaluation.result` of whatever SDK the process has.
        clock: Seconds since 1970, the same for all processes.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    path: str | os.PathLike[str]
    selections: Sequence[Selection] = field(default=DEFAULT_SELECTIONS, kw_only=True)
    thumbs_down: int | None = field(default=20, kw_only=True)
    reviews_each: int = field(default=1, kw_only=True)
    on_disagreement: Literal["escalate", "keep"] = field(default="escalate", kw_only=True)
    lease_s: float = field(default=900.0, kw_only=True)
    labels: Labels = field(default=Labels(), kw_only=True)
    max_items: int = field(default=10_000, kw_only=True)
    keep_days: float = field(default=365.0, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    timeout_s: float = field(default=5.0, kw_only=True)
    telemetry: OpenTelemetry | None = field(default=None, kw_only=True)
    clock: Callable[[], float] | None = field(default=None, kw_only=True, repr=False, compare=False)
    _file: Any = field(init=False, repr=False, compare=False)
    _recent: Any = field(init=False, repr=False, compare=False)
    _evaluations: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from genai_guard.sqlite_file import SqliteFile  # noqa: PLC0415  sqlite3 takes milliseconds

        file = SqliteFile(self.path, of="ReviewQueue", timeout_s=self.timeout_s, tables=TABLES, private=True)
        given: Any = self.thumbs_down
        _must(given is None or type(given) is int, "thumbs_down", "a priority, or None")
        for name, most in (("reviews_each", 100), ("max_items", 10_000_000)):
            value: Any = getattr(self, name)
            _must(type(value) is int and 1 <= value <= most, name, f"a whole number from 1 to {most:,}")
        for name in ("lease_s", "keep_days"):
            number: Any = getattr(self, name)
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            _must(is_number and 0 < number < float("inf"), name, "a number above 0")
        _must(isinstance(self.labels, Labels), "labels", "Labels(...)")
        _must(self.redact is None or isinstance(self.redact, Redactor), "redact", "a Redactor")
        _must(self.clock is None or callable(self.clock), "clock", "a function that returns seconds")
        one_of(self, "on_disagreement", {"escalate", "keep"})
        settle(
            self,
            path=os.fspath(self.path),
            selections=checked_selections(self.selections),
            _file=file,
            _recent=Recent(),
            _evaluations=evaluations_by(self.telemetry, of="ReviewQueue"),
        )

    def begin(self) -> None:
        """Begin anew in a child process, which knows no calls yet."""
        self._recent.begin()

    # --- what comes in ------------------------------------------------------------------------------------------------

    def writer(self) -> ReviewWriter:
        """Return the sink that puts calls into the queue; a recorder asks for it."""
        from genai_guard.recording.review.writer import ReviewWriter  # noqa: PLC0415  which holds a queue

        return ReviewWriter(self, recent=self._recent)

    def add(self, new: NewItem, /) -> bool:
        """Put a redacted call into the queue, or add a reason to one that is there; return False when it is full.

        It survives `kill -9` when this returns.

        Raises:
            sqlite3.Error: the file cannot be written, or was busy for too long.
            OSError: the folder or the file cannot be made.
        """
        return self._change(lambda table: table.add(new, most=self.max_items))

    # --- what reviewers do --------------------------------------------------------------------------------------------

    def claim(self, reviewer: str, *, most: int = 1, escalated: bool = False) -> tuple[ReviewItem, ...]:
        """Return what a reviewer is to look at: what they hold already, then what is most urgent and oldest.

        The lease of all of it begins anew. What a reviewer skipped or judged does not come again.

        Args:
            reviewer: Who asks; two people of one name get the same items.
            most: Most items to hold at a time.
            escalated: Ask for what others want decided. It comes to nobody who has said something of it.

        Raises:
            ConfigurationError: the reviewer has no name, or `most` is no number above 0.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        _check_reviewer(reviewer)
        _must(type(most) is int and most > 0, "most", "a whole number above 0", of="ReviewQueue.claim")
        if not self._file.exists:
            return ()
        each, lease_s = self.reviews_each, self.lease_s
        return self._change(
            lambda table: tuple(table.claim(reviewer, most=most, each=each, lease_s=lease_s, escalated=escalated))
        )

    def judge(
        self, item: int, reviewer: str, label: str, *, rules: Mapping[str, str] = _NO_RULES, comment: str = ""
    ) -> bool:
        """Take a judgement; return False if the lease was over and others took the place, or the item is gone.

        To judge again changes what one said. An item need not have been claimed, as long as it has room.

        Args:
            item: Its number.
            reviewer: Who judges.
            label: One of `labels`, for the call and for every rule that fired.
            rules: Labels of single rules, where they differ from that.
            comment: Why. Redacted before it is kept.

        Raises:
            ConfigurationError: a label is none of `labels`, or the reviewer has no name.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        for given in (label, *rules.values()):
            if given not in self.labels.all:
                raise ConfigurationError(
                    f"ReviewQueue.judge(label=...) must be one of {', '.join(map(repr, self.labels.all))}"
                )
        review = Review(reviewer, "judged", label, FrozenDict(rules), self._redacted(comment))
        taken = self._answer(item, review)
        if taken and self._evaluations is not None and (judged := self.item(item)) is not None:
            self._evaluations.judged(judged, review, labels=self.labels, time_s=self._now_s())
        return taken

    def skip(self, item: int, reviewer: str, *, comment: str = "") -> bool:
        """Leave an item to others; return as `judge` does.

        Raises:
            ConfigurationError: the reviewer has no name.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        return self._answer(item, Review(reviewer, "skipped", comment=self._redacted(comment)))

    def escalate(self, item: int, reviewer: str, *, comment: str = "") -> bool:
        """Have somebody else decide: whoever asks `claim` for what is escalated; return as `judge` does.

        Raises:
            ConfigurationError: the reviewer has no name.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        return self._answer(item, Review(reviewer, "escalated", comment=self._redacted(comment)))

    def release(self, item: int, reviewer: str) -> bool:
        """Give an item back before its lease is over; return whether it was held.

        Raises:
            ConfigurationError: the reviewer has no name.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        _check_reviewer(reviewer)
        return self._file.exists and self._change(lambda table: table.release(item, reviewer))

    # --- what there is ------------------------------------------------------------------------------------------------

    def items(self, *, status: ReviewStatus | None = None) -> Iterator[ReviewItem]:
        """Yield the items, or those that stand at one place, in the order in which they came. Writers do not wait.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        after = 0
        while self._file.exists and (page := self._page(after, status)):
            after = page[-1].id
            yield from page

    def item(self, item: int) -> ReviewItem | None:
        """Return an item by its number; None if there is none.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        return self._look(lambda table: table.item(item)) if self._file.exists else None

    def stats(self) -> ReviewStats:
        """Return how the queue is doing.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        return self._look(lambda table: table.stats()) if self._file.exists else ReviewStats()

    def erase(self, *, user: str) -> int:
        """Remove all calls of a user, overwrite what was there, and return how many there were.

        Where the user is a reviewer, the judgements stay and lose their name. Done by `MetricsRecorder.erase`.

        Raises:
            ConfigurationError: there is no such user to be named.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        name = checked_user(user, of="ReviewQueue.erase")
        self._recent.forget(user)
        if not self._file.exists:
            return 0
        erased = self._change(lambda table: table.erase(name))
        self._file.checkpoint()
        return erased

    def expire(self) -> int:
        """Remove what is older than `keep_days`, and return how many items that was. The writer does it every hour.

        Raises:
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        before_s = self._now_s() - self.keep_days * _DAY_S
        removed = 0
        while self._file.exists and (some := self._change(lambda table: table.expire(before_s))):
            removed += some
        return removed

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        self._file.close()

    # --- how ----------------------------------------------------------------------------------------------------------

    def _answer(self, item: int, review: Review) -> bool:
        _check_reviewer(review.reviewer)
        each, labels, escalates = self.reviews_each, self.labels, self.on_disagreement == "escalate"
        return self._file.exists and self._change(
            lambda table: table.answer(item, review, each=each, labels=labels, escalates=escalates)
        )

    def _redacted(self, comment: str) -> str:
        if not comment:  # the rules of a redactor take a second to compile
            return ""
        redact = self.redact or Redactor()
        try:
            return writable(redact.text(comment)) if len(comment) <= redact.max_chars else TOO_LONG
        except Exception:  # noqa: BLE001  whatever went wrong, an unredacted text must not be kept
            return FAILED

    def _page(self, after: int, status: ReviewStatus | None) -> list[ReviewItem]:
        return self._look(lambda table: table.page(after, status, most=_PAGE))

    def _change(self, work: Callable[[ReviewTable], T]) -> T:
        answer: T = self._file.change(self._with_table(work))
        return answer

    def _look(self, work: Callable[[ReviewTable], T]) -> T:
        answer: T = self._file.look(self._with_table(work))
        return answer

    def _with_table(self, work: Callable[[ReviewTable], T]) -> Callable[[sqlite3.Connection], T]:
        return lambda connection: work(ReviewTable(connection, now_s=self._now_s()))

    def _now_s(self) -> float:
        return (self.clock or time.time)()


def _check_reviewer(reviewer: object) -> None:
    if not isinstance(reviewer, str) or not reviewer or not reviewer.isprintable():
        raise ConfigurationError("ReviewQueue: reviewer= must be the name of somebody, such as 'ann'")


def _must(holds: bool, parameter: str, wanted: str, *, of: str = "ReviewQueue") -> None:
    if not holds:
        raise ConfigurationError(f"{of}({parameter}=...) must be {wanted}")
