"""Exact scanning of a text that arrives in pieces, in every form that it has.

The contract is that of `ScanStream`, with `Views.find` in place of `Scanner.find`. How it is kept:

1. What arrives waits until its form is settled: until no further text can change what it stands for. In plain text
   that is the unfinished last word, which a scanner would hold anyhow.
2. As long as every form is what is written, one scan stands for all of them.
3. Once a form differs, each form is scanned by a stream of its own, which begins where nothing is decided yet. A
   stretch is returned when all of them have decided it. When the difference is left behind, one scan is enough again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from genai_guard.text.canonical import NOTHING_BEFORE, Before, plainly_settled, settled
from genai_guard.text.canonical.characters import NEAR
from genai_guard.text.rules import Match, by_place
from genai_guard.text.stream import Decided, HoldOverflow, ScanStream
from genai_guard.text.views import Form, View, Views

__all__ = ["ViewStream"]

_KEPT: Final = 512
_PATIENCE: Final = 128
_GROWTH: Final = 4


class _Track:
    """The scan of one form, and the way back to the text as it is written."""

    __slots__ = ("_fed", "_forms", "_places", "_written", "numbers", "scan")

    def __init__(self, scan: ScanStream, numbers: tuple[int, ...], fed: int) -> None:
        self.scan = scan
        self.numbers = numbers
        self._fed = fed
        self._places: list[int] = [scan.decided]
        """Where in the form a stretch begins; the first is what was the same up to now."""
        self._written: list[int] = [scan.decided]
        self._forms: list[Form] = [None]

    def fork(self, view: View) -> _Track:
        """Return a track of what is the same form up to now, for some of the rules."""
        other = _Track(self.scan.fork(view.scanner), view.numbers, self._fed)
        other._places, other._written, other._forms = [*self._places], [*self._written], [*self._forms]
        return other

    def feed(self, stretch: str, form: Form, written: int) -> Decided | None:
        """Take a stretch of the text, which begins at `written`, and its form."""
        if form is not None or self._forms[-1] is not None:
            self._places.append(self._fed)
            self._written.append(written)
            self._forms.append(form)
        text = stretch if form is None else form.text
        self._fed += len(text)
        return self.scan.feed(text) if text else None

    @property
    def decided(self) -> int:
        """Up to where the text as it is written is decided."""
        return self.start(self.scan.decided)

    def matches(self, decided: Decided | None) -> list[Match]:
        """Return what was decided, in places of the text as it is written."""
        if decided is None:
            return []
        text, start, matches = decided
        return [
            Match(self.start(m.start), self._end(m.end), self.numbers[m.rule], text[m.start - start : m.end - start])
            for m in matches
        ]

    def start(self, place: int) -> int:
        """Return where the character at `place` of the form is written."""
        index = bisect_right(self._places, place) - 1
        form, local = self._forms[index], place - self._places[index]
        return self._written[index] + (local if form is None else form.original_span(local, local)[0])

    def _end(self, place: int) -> int:
        index = bisect_left(self._places, place) - 1
        form, local = self._forms[index], place - self._places[index]
        return self._written[index] + (local if form is None else form.original_span(local - 1, local)[1])

    def forget(self) -> None:
        """Drop what is known only about what is decided."""
        index = bisect_left(self._places, self.scan.decided) - 1
        if index > 0:
            del self._places[:index], self._written[:index], self._forms[:index]


class ViewStream:
    """Scans one text that arrives in pieces. Not safe to share between threads.

    Args:
        views: What to look for.
        max_held: As for `ScanStream`.
    """

    __slots__ = (
        "_before",
        "_differs",
        "_found",
        "_letters",
        "_plain",
        "_raw",
        "_returned",
        "_same",
        "_settled",
        "_tail",
        "_tracks",
        "_views",
        "_waiting",
        "_waits_for",
    )

    def __init__(self, views: Views, *, max_held: int | None = None) -> None:
        self._views: Final = views
        self._plain: Final = ScanStream(views.scanner, max_held=max_held)
        self._letters: Final = bool(views.words)
        self._reset()

    def _reset(self) -> None:
        self._tail = ""
        """What arrived and is not settled."""
        self._waiting: list[str] = []
        self._waits_for = 0
        """Characters that have to arrive before it is worth while to look at the tail again."""
        self._settled = 0
        """How much of the text is settled."""
        self._before: Before = NOTHING_BEFORE
        self._same = ""
        """The end of what was settled since `_before` was made, and is its own form."""
        self._tracks: list[_Track] = []
        self._raw = ""
        """What is settled and not returned, while there are tracks."""
        self._returned = 0
        self._found: list[Match] = []
        self._differs = 0
        """Up to where a form differs from the text."""

    @property
    def held(self) -> str:
        """What arrived and is not decided yet."""
        return (self._raw if self._tracks else self._plain.held) + self._tail + "".join(self._waiting)

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing.

        Raises:
            HoldOverflow: more than `max_held` characters are undecided. Nothing is lost: `held` has them all.
            RuleFailed: as in `Scanner.find`.
        """
        if not self._views.views:
            return self._plain.feed(text)
        if self._waits_for > 0:
            self._waiting.append(text)
            self._waits_for -= len(text)
            if self._waits_for > 0:
                return None
            text = "".join(self._waiting)
            self._waiting.clear()
        text = self._tail + text if self._tail else text
        end = plainly_settled(text, self._same or self._before.uncovered, letters=self._letters)
        if end < 0:
            return self._take_disguised(text)
        self._tail = text[end:]
        return self._take_plain(text[:end]) if end else None

    def finish(self) -> Decided:
        """Return the rest. The stream can be used for another text afterwards."""
        rest = self._tail + "".join(self._waiting)
        self._tail = ""
        self._waiting.clear()
        decided = self._take(rest) if rest else None
        if self._tracks:
            self._found += self._plain.finish().matches
            for track in self._tracks:
                self._found += track.matches(track.scan.finish())
            last = Decided(self._raw, self._returned, tuple(self._views.without_doubles(self._found)))
        else:
            last = self._once(self._plain.finish())
        self._reset()
        return last if decided is None else _joined(decided, last)

    def _take_plain(self, stretch: str) -> Decided | None:
        """Take a settled stretch that is its own form."""
        self._same += stretch
        if len(self._same) > _KEPT:
            self._same = self._same[-NEAR:]
        if self._tracks:
            return self._take_forms(stretch, (None,) * len(self._views.views))
        self._settled += len(stretch)
        found = self._plain.feed(stretch)
        return found if found is None else self._once(found)

    def _once(self, found: Decided) -> Decided:
        """Return what was found without matches inside of others of their kind."""
        if len(found.matches) < 2:
            return found
        return found._replace(matches=tuple(self._views.without_doubles(found.matches)))

    def _take_disguised(self, text: str) -> Decided | None:
        before = self._context()
        end = settled(text, before, letters=self._letters)
        self._tail = text[end:]
        pending = len(self._tail)
        if pending > self._plain.max_held:
            raise HoldOverflow(len(self.held))
        self._waits_for = pending // _GROWTH if pending > _PATIENCE else 0
        return self._take(text[:end]) if end else None

    def _take(self, stretch: str) -> Decided | None:
        """Take a settled stretch of which nothing is known yet."""
        before = self._context()
        forms, after = self._views.forms(stretch, before)
        if not any(forms):
            return self._take_plain(stretch)
        if after is None:
            self._same = stretch
        else:
            self._before = after
        return self._take_forms(stretch, forms)

    def _context(self) -> Before:
        """Return what stands before the tail."""
        if self._same:
            same, (rounds, uncovered, spelled) = self._same, self._before
            ends = tuple((end + same)[-NEAR:] for end in rounds)
            self._before = Before(ends, (uncovered + same)[-NEAR:], (spelled + same)[-1:])
            self._same = ""
        return self._before

    def _take_forms(self, stretch: str, forms: tuple[Form, ...]) -> Decided | None:
        self._fork(1 if all(form is forms[0] for form in forms) else len(forms))
        written = self._settled
        self._settled += len(stretch)
        self._raw += stretch
        if any(forms):
            self._differs = self._settled
        decided = self._plain.feed(stretch)
        if decided is not None:
            self._found += decided.matches
        for track, form in zip(self._tracks, forms, strict=False):
            self._found += track.matches(track.feed(stretch, form, written))
        return self._release(min(self._plain.decided, *[track.decided for track in self._tracks]))

    def _fork(self, count: int) -> None:
        """Scan so many of the forms by themselves from here on, if not more of them are already."""
        views, plain = self._views.views, self._plain
        if not self._tracks:
            self._returned, self._raw = plain.decided, plain.held
            self._tracks = [_Track(plain.fork(views[0].scanner), views[0].numbers, self._settled)]
        while len(self._tracks) < count:
            self._tracks.append(self._tracks[0].fork(views[len(self._tracks)]))

    def _release(self, limit: int) -> Decided | None:
        """Return the text up to `limit`, or up to where matches begin that reach beyond."""
        self._found.sort(key=by_place)
        reach = first = 0
        matches = self._found
        for number, match in enumerate(matches):
            if match.start >= reach:
                first = number
            if match.start >= limit or max(reach, match.end) > limit:
                limit = min(limit, matches[first].start)
                break
            reach = max(reach, match.end)
        else:
            first = len(matches)
        size = limit - self._returned
        if size <= 0:
            return None
        decided = Decided(self._raw[:size], self._returned, tuple(self._views.without_doubles(matches[:first])))
        self._raw, self._found = self._raw[size:], matches[first:]
        self._returned = limit
        self._settle()
        return decided

    def _settle(self) -> None:
        """Go back to one scan when what differs is left behind."""
        is_behind = self._returned >= self._differs + self._views.scanner.look_behind
        if is_behind and not self._found and self._plain.decided == self._returned:
            self._tracks = []
            self._raw = ""
        else:
            for track in self._tracks:
                track.forget()


def _joined(first: Decided, last: Decided) -> Decided:
    return Decided(first.text + last.text, first.start, (*first.matches, *last.matches))
