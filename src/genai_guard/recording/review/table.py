"""The tables of a review queue, as one transaction sees them.

Rule 1: An item is at hand to no more reviewers than it still needs reviews from, whoever asks at the same time.
Rule 2: Whoever holds an item too long holds it no longer; what they say is still taken as long as nobody took their place.
Rule 3: A reviewer has one answer to an item, the latest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from genai_guard.frozen import FrozenDict
from genai_guard.recording.review.selection import Choice, union
from genai_guard.recording.review.values import Fired, Labels, Review, ReviewItem, ReviewStats, ReviewStatus

if TYPE_CHECKING:
    import sqlite3

__all__ = ["TABLE", "TABLES", "NewItem", "ReviewTable"]

TABLE: Final = "review_item_1"
"""Where the items are. The format is in the names: another one takes other tables."""

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS review_item_1 (
        id INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, time_s REAL NOT NULL,
        added_s REAL NOT NULL, user TEXT NOT NULL, priority INTEGER NOT NULL, propensity REAL NOT NULL,
        status TEXT NOT NULL, reasons TEXT NOT NULL, fired TEXT NOT NULL, row TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS review_item_1_next ON review_item_1 (status, priority DESC, id)",
    "CREATE INDEX IF NOT EXISTS review_item_1_added ON review_item_1 (added_s)",
    "CREATE INDEX IF NOT EXISTS review_item_1_user ON review_item_1 (user)",
    """CREATE TABLE IF NOT EXISTS review_work_1 (
        item INTEGER NOT NULL, reviewer TEXT NOT NULL, kind TEXT NOT NULL, is_final INTEGER NOT NULL,
        until_s REAL NOT NULL, label TEXT NOT NULL, rules TEXT NOT NULL, comment TEXT NOT NULL, time_s REAL NOT NULL,
        PRIMARY KEY (item, reviewer)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS review_work_1_reviewer ON review_work_1 (reviewer, kind)",
    "CREATE TABLE IF NOT EXISTS review_count_1 (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
)
_COLUMNS: Final = "id, request_id, time_s, reasons, priority, propensity, status, fired, row"
_BUSY: Final = "(kind = 'judged' OR (kind = 'claimed' AND until_s > :now))"
_TAKEN: Final = f"SELECT count(*) FROM review_work_1 WHERE item = review_item_1.id AND is_final = :final AND {_BUSY}"  # noqa: S608
_HELD: Final = """SELECT item FROM review_work_1 WHERE reviewer = :me AND kind = 'claimed' AND until_s > :now
    AND is_final = :final ORDER BY until_s, item LIMIT :most"""
_FREE: Final = f"""SELECT id FROM review_item_1 WHERE status = :status AND ({_TAKEN}) < :each
    AND NOT EXISTS (SELECT 1 FROM review_work_1 WHERE item = review_item_1.id AND reviewer = :me
        AND (kind != 'claimed' OR until_s > :now))
    ORDER BY priority DESC, id LIMIT :most"""  # noqa: S608
_WORK: Final = "INSERT OR REPLACE INTO review_work_1 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REVIEWS: Final = """SELECT reviewer, kind, label, rules, comment, time_s, is_final FROM review_work_1
    WHERE item = ? AND kind != 'claimed' ORDER BY time_s, reviewer"""
_MINE: Final = "SELECT kind, is_final FROM review_work_1 WHERE item = ? AND reviewer = ?"
_OTHERS: Final = (
    f"SELECT count(*) FROM review_work_1 WHERE item = :item AND reviewer != :me AND is_final = :final AND {_BUSY}"  # noqa: S608
)
_CLAIMED: Final = "SELECT count(DISTINCT item) FROM review_work_1 WHERE kind = 'claimed' AND until_s > ?"
_JUDGED: Final = (
    "SELECT reviewer, count(*) FROM review_work_1 WHERE kind = 'judged' GROUP BY reviewer ORDER BY reviewer"
)


class NewItem(NamedTuple):
    """A call that comes into the queue. A `row` without more than its id adds a reason to one that is there."""

    choice: Choice
    time_s: float
    user: str
    fired: Sequence[Fired]
    row: Mapping[str, Any]

    @property
    def request_id(self) -> str:
        """The call."""
        return str(self.row["request_id"])


class ReviewTable:
    """The rows of a queue.

    Args:
        run: A connection, within a transaction.
        now_s: Seconds since 1970.
    """

    def __init__(self, run: sqlite3.Connection, *, now_s: float) -> None:
        self._run: Final = run.execute
        self._now_s: Final = now_s

    def add(self, new: NewItem, *, most: int) -> bool:
        """Keep a call, or add reasons to it; return False when there is no room, which is counted."""
        found = self._run(
            "SELECT id, reasons, priority, propensity, fired, row FROM review_item_1 WHERE request_id = ?",
            (new.request_id,),
        ).fetchone()
        if found is not None:
            self._merge(found, new)
            return True
        (waiting,) = self._run("SELECT count(*) FROM review_item_1 WHERE status != 'done'").fetchone()
        if waiting >= most:
            self._run(
                "INSERT INTO review_count_1 VALUES ('dropped', 1) ON CONFLICT (name) DO UPDATE SET count = count + 1"
            )
            return False
        choice = new.choice
        self._run(
            """INSERT INTO review_item_1 (request_id, time_s, added_s, user, priority, propensity, status, reasons,
                fired, row) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?)""",
            (new.request_id, new.time_s, self._now_s, new.user, choice.priority, choice.propensity,
             json.dumps(choice.reasons), json.dumps(new.fired), json.dumps(new.row)),
        )  # fmt: skip
        return True

    def _merge(self, found: Sequence[Any], new: NewItem) -> None:
        number, reasons, priority, propensity, fired, row = found
        choice = new.choice
        names = tuple(dict.fromkeys((*json.loads(reasons), *choice.reasons)))
        if set(choice.reasons) - set(json.loads(reasons)):  # the same reason twice makes nothing more probable
            propensity = union((propensity, choice.propensity))
        if len(new.row) > 1 and len(json.loads(row)) == 1:  # only its id was known
            fired, row = json.dumps(new.fired), json.dumps(new.row)
        self._run(
            "UPDATE review_item_1 SET reasons = ?, priority = ?, propensity = ?, fired = ?, row = ? WHERE id = ?",
            (json.dumps(names), max(priority, choice.priority), propensity, fired, row, number),
        )

    def claim(self, reviewer: str, *, most: int, each: int, lease_s: float, escalated: bool) -> list[ReviewItem]:
        """Give a reviewer what they hold and, up to `most`, what comes next, all for as long as the lease."""
        values = {
            "me": reviewer, "now": self._now_s, "final": int(escalated), "most": most, "each": 1 if escalated else each,
            "status": "escalated" if escalated else "open",
        }  # fmt: skip
        held = [number for (number,) in self._run(_HELD, values)]
        values["most"] = most - len(held)
        numbers = held + [number for (number,) in self._run(_FREE, values)]
        for number in numbers:
            self._run(_WORK, (number, reviewer, "claimed", values["final"], self._now_s + lease_s, "", "{}", "", 0.0))
        return [item for number in numbers if (item := self.item(number)) is not None]

    def answer(self, number: int, review: Review, *, each: int, labels: Labels, escalates: bool) -> bool:
        """Take what a reviewer says; return False if their place was taken, or there is no such item."""
        item = self.item(number)
        if item is None:
            return False
        before = self._run(_MINE, (number, review.reviewer)).fetchone()
        is_final = item.status == "escalated" if before is None else bool(before[1])
        if before is None or before[0] != "judged":
            values = {"item": number, "me": review.reviewer, "now": self._now_s, "final": int(is_final)}
            (others,) = self._run(_OTHERS, values).fetchone()
            if item.status == "done" or others >= (1 if is_final else each):
                return False
        self._run(
            _WORK,
            (number, review.reviewer, review.kind, int(is_final), 0.0, review.label, json.dumps(dict(review.rules)),
             review.comment, self._now_s),
        )  # fmt: skip
        self._settle(number, each=each, labels=labels, escalates=escalates)
        return True

    def _settle(self, number: int, *, each: int, labels: Labels, escalates: bool) -> None:
        item = self.item(number)
        if item is None:
            return
        status = _status(item, each=each, labels=labels, escalates=escalates)
        self._run("UPDATE review_item_1 SET status = ? WHERE id = ?", (status, number))

    def release(self, number: int, reviewer: str) -> bool:
        """Take an item out of a reviewer's hands; return whether it was in them."""
        statement = "DELETE FROM review_work_1 WHERE item = ? AND reviewer = ? AND kind = 'claimed'"
        return self._run(statement, (number, reviewer)).rowcount > 0

    def item(self, number: int) -> ReviewItem | None:
        """Return an item; None if there is none of that number."""
        found = self._run(f"SELECT {_COLUMNS} FROM review_item_1 WHERE id = ?", (number,)).fetchone()  # noqa: S608
        return None if found is None else self._item(found)

    def page(self, after: int, status: ReviewStatus | None, *, most: int) -> list[ReviewItem]:
        """Return the next items behind a number."""
        wanted, values = ("", ()) if status is None else ("AND status = ?", (status,))
        statement = f"SELECT {_COLUMNS} FROM review_item_1 WHERE id > ? {wanted} ORDER BY id LIMIT ?"  # noqa: S608
        return [self._item(found) for found in self._run(statement, (after, *values, most)).fetchall()]

    def _item(self, found: Sequence[Any]) -> ReviewItem:
        number, request_id, time_s, reasons, priority, propensity, status, fired, row = found
        return ReviewItem(
            number,
            request_id,
            time_s,
            tuple(json.loads(reasons)),
            priority,
            propensity,
            status,
            tuple([Fired(*each) for each in json.loads(fired)]),
            FrozenDict(json.loads(row)),
            tuple(_reviews(self._run(_REVIEWS, (number,)))),
        )

    def stats(self) -> ReviewStats:
        """Return how the queue is doing."""
        counts: dict[str, int] = dict(self._run("SELECT status, count(*) FROM review_item_1 GROUP BY status"))
        dropped = self._run("SELECT count FROM review_count_1 WHERE name = 'dropped'").fetchone()
        (oldest_s,) = self._run("SELECT min(added_s) FROM review_item_1 WHERE status != 'done'").fetchone()
        return ReviewStats(
            open=counts.get("open", 0),
            claimed=self._run(_CLAIMED, (self._now_s,)).fetchone()[0],
            escalated=counts.get("escalated", 0),
            done=counts.get("done", 0),
            dropped=0 if dropped is None else dropped[0],
            oldest_s=0.0 if oldest_s is None else max(0.0, self._now_s - oldest_s),
            reviewers=FrozenDict(self._run(_JUDGED)),
        )

    def erase(self, user: str) -> int:
        """Remove a user's calls with all that was said of them; return how many. As a reviewer they lose their name."""
        numbers = [(number,) for (number,) in self._run("SELECT id FROM review_item_1 WHERE user = ?", (user,))]
        self._remove(numbers)
        nameless = f"erased-{self._run('SELECT lower(hex(randomblob(8)))').fetchone()[0]}"
        self._run("UPDATE review_work_1 SET reviewer = ? WHERE reviewer = ?", (nameless, user))
        return len(numbers)

    def expire(self, before_s: float) -> int:
        """Remove what was added before a time; return how many items that was."""
        found = self._run("SELECT id FROM review_item_1 WHERE added_s < ? LIMIT 1000", (before_s,))
        numbers = [(number,) for (number,) in found]
        self._remove(numbers)
        return len(numbers)

    def _remove(self, numbers: Iterable[tuple[int]]) -> None:
        for number in numbers:
            self._run("DELETE FROM review_work_1 WHERE item = ?", number)
            self._run("DELETE FROM review_item_1 WHERE id = ?", number)


def _reviews(found: Iterable[Sequence[Any]]) -> Iterator[Review]:
    for reviewer, kind, label, rules, comment, time_s, is_final in found:
        yield Review(reviewer, kind, label, FrozenDict(json.loads(rules)), comment, time_s, bool(is_final))


def _status(item: ReviewItem, *, each: int, labels: Labels, escalates: bool) -> ReviewStatus:
    """Return where an item stands, by what was said of it."""
    judged = [one for one in item.reviews if one.kind == "judged"]
    if any(one.is_final for one in judged):
        return "done"
    if any(one.kind == "escalated" for one in item.reviews):
        return "escalated"
    if len(judged) < each:
        return "open"
    differs = any(len({labels.sense(one.label_of(rule)) for one in judged}) > 1 for rule in item.subjects)
    return "escalated" if escalates and differs else "done"
