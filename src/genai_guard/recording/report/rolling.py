"""What happened in the last minute, by rows as they come; calls count when they end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report.calls import Arm, Call, Row, call_of
from genai_guard.recording.report.counting import Group, Groups
from genai_guard.recording.report.summary import Figures, by_calls
from genai_guard.recording.series import ERRORS

__all__ = ["Failure", "Frame", "Rolling", "UserFigures"]

_SLICES: Final = 30
_MOST_GROUPS: Final = 50
_MOST_USERS: Final = 1000
_OTHER_ARM: Final = Arm(OTHER, OTHER, "enforce")


class UserFigures(NamedTuple):
    """What one user came to."""

    calls: float = 0
    tokens: float = 0
    usd: float = 0.0


class Failure(NamedTuple):
    """A call in which something broke."""

    time_s: float
    status: str
    error_type: str
    model: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What happened in a window.

    Attributes:
        now_s: Its end, in seconds since 1970.
        window_s: Its length.
        total: Figures of all calls that ended in it.
        models: The same by model, that with the most calls first.
        arms: The same by variant.
        users: Calls, tokens and dollars by user, as the log has them, the one with the most calls first.
        failures: The last calls that failed, the latest first, even if they are older.
        calls: How many calls ended in each of equal stretches of the window.
    """

    now_s: float
    window_s: float
    total: Figures
    models: Mapping[str, Figures]
    arms: Mapping[Arm, Figures]
    users: Mapping[str, UserFigures]
    failures: Sequence[Failure]
    calls: Sequence[float]


class _Slice:
    __slots__ = ("arms", "models", "users")

    def __init__(self) -> None:
        self.models: Groups[str] = Groups(_MOST_GROUPS, OTHER)
        self.arms: Groups[Arm] = Groups(_MOST_GROUPS, _OTHER_ARM)
        self.users: dict[str, UserFigures] = {}

    def add(self, call: Call) -> None:
        self.models.of(call.model).add(call)
        for arm in call.arms:
            self.arms.of(arm).add(call)
        if call.user:
            user = call.user if call.user in self.users or len(self.users) < _MOST_USERS else OTHER
            tokens = call.input_tokens + call.output_tokens
            _add_user(self.users, user, UserFigures(call.weight, tokens * call.weight, (call.usd or 0.0) * call.weight))


class Rolling:
    """Adds up the rows of the last while, in bounded memory.

    Args:
        window_s: How long a while.
        most_failures: How many failed calls are kept.
    """

    def __init__(self, *, window_s: float = 60.0, most_failures: int = 20) -> None:
        self.window_s: Final = window_s
        self._slice_s = window_s / _SLICES
        self._slices: dict[int, _Slice] = {}
        self._failures: deque[Failure] = deque(maxlen=most_failures)

    def add(self, row: Row, *, now_s: float) -> None:
        """Add a row; one of a call that ended before the window is passed over."""
        call = call_of(row)
        if call is None:
            return
        latency_ms = row.get("latency_ms")
        ended_s = call.time_s + (latency_ms / 1e3 if isinstance(latency_ms, int | float) and latency_ms > 0 else 0.0)
        if call.status in ERRORS:
            self._failures.append(Failure(ended_s, call.status, call.error_type, call.model))
        number = self._number(min(ended_s, now_s))  # another machine's clock may be ahead
        if number > self._number(now_s) - _SLICES:
            found = self._slices.get(number)
            if found is None:
                found = self._slices[number] = _Slice()
            found.add(call)

    def frame(self, *, now_s: float) -> Frame:
        """Return what happened in the window that ends now."""
        last = self._number(now_s)
        numbers = range(last - _SLICES + 1, last + 1)
        self._slices = {number: each for number, each in self._slices.items() if number in numbers}
        total = Group()
        models: Groups[str] = Groups(_MOST_GROUPS, OTHER)
        arms: Groups[Arm] = Groups(_MOST_GROUPS, _OTHER_ARM)
        users: dict[str, UserFigures] = {}
        for each in self._slices.values():
            for name, group in each.models.items():
                models.of(name).merge(group)
                total.merge(group)
            for arm, group in each.arms.items():
                arms.of(arm).merge(group)
            for user, figures in each.users.items():
                _add_user(users, user, figures)
        ranked = sorted(users.items(), key=lambda pair: (-pair[1].calls, pair[0]))
        failures = sorted(self._failures, reverse=True)
        calls = [self._calls(number) for number in numbers]
        return Frame(
            now_s, self.window_s, Figures.of(total), by_calls(models), by_calls(arms), dict(ranked), failures, calls
        )

    def _number(self, time_s: float) -> int:
        return int(time_s // self._slice_s)

    def _calls(self, number: int) -> float:
        found = self._slices.get(number)
        return 0 if found is None else sum(group.calls for group in found.models.values())


def _add_user(users: dict[str, UserFigures], user: str, figures: UserFigures) -> None:
    known = users.get(user, UserFigures())
    users[user] = UserFigures(known.calls + figures.calls, known.tokens + figures.tokens, known.usd + figures.usd)
