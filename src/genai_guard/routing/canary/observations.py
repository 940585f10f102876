"""What was seen of the units: each counted once where it may count once, in bounded memory.

Rule 1: Of a unit only the first failure by a metric counts. Failures of one user come in clusters, and counting them all
    would raise far more false alarms than were allowed for.
Rule 2: A unit is known by its bucket, a number of 32 bits. Two units in one bucket have one variant, and count as one.
Rule 3: At most `max_units` are remembered. Beyond that only every second unit is looked at, then every fourth, and so on,
    by the last bits of the bucket, which say nothing about the variant. What counted before still counts, and never
    again: no test becomes wrong by it, they learn more slowly.
Rule 4: The evidence is worked out only when it may have reached the alarm. A failure of the canary multiplies it by the
    largest step at most, one of the control makes it smaller.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from genai_guard.limits.stores.tallies import Claim
from genai_guard.routing.canary.design import CANARY, Design

__all__ = ["Observations"]

_BITS: Final = 8
_STAGE: Final = (1 << _BITS) - 1


class Observations:
    """The units of one run of a canary, and what is counted of them. Not safe for threads: the canary holds its lock.

    Args:
        design: The plan.
        max_units: Most units that are remembered.
        remembers: Whether units come back; each request is a unit of its own otherwise, and nothing is remembered.
        claims: Whether to keep what is counted for a store.

    Attributes:
        counts: Everything that is counted, by the keys of the design.
        claims: What was counted since they were last taken, for a store: by member, if any, and counter.
        marks: For each unit the last stage in which it was seen, from 1, and a bit for each metric it failed by.
        mask: Units with one of these bits in their bucket are not looked at.
    """

    __slots__ = ("_design", "_keeps_claims", "_room", "claims", "counts", "marks", "mask", "max_units", "remembers")

    def __init__(self, design: Design, *, max_units: int, remembers: bool = True, claims: bool = False) -> None:
        self._design = design
        self._keeps_claims = claims
        self.max_units = max_units
        self.remembers = remembers
        self.counts: Counter[str] = Counter()
        self.claims: Counter[tuple[str, str]] = Counter()
        self.marks: dict[int, int] = {}
        self.mask = 0
        self.recount()

    def see(self, bucket: int, place: int, arm: int, failed: int) -> bool:
        """Take one call; return whether the alarm of a metric may be due.

        Args:
            bucket: Its unit.
            place: Stage at which it was assigned.
            arm: `CONTROL` or `CANARY`.
            failed: A bit for each metric by which it failed.
        """
        mark = last = 0
        if self.remembers:
            if bucket & self.mask:
                return False
            mark = self.marks.get(bucket, 0)
            before, last = mark >> _BITS, mark & _STAGE
            after, failed = before | failed, failed & ~before
            if last > place:
                if not failed:
                    return False
                self.marks[bucket] = after << _BITS | last
            else:
                self.marks[bucket] = after << _BITS | place + 1
        if last <= place:
            self._meet(bucket, place, arm, is_new=not mark)
        return self._fail(bucket, place, arm, failed) if failed else False

    def knows(self, bucket: int, place: int) -> bool:
        """Whether a unit does not count again in a stage. Needs no lock."""
        return bucket & self.mask != 0 or self.marks.get(bucket, 0) & _STAGE > place

    def arrive(self, place: int, arm: int, times: int) -> None:
        """Take calls that went well and are units of their own."""
        self._claim("", 0, self._design.new_key[place][arm], times)
        self._claim("", 0, self._design.unit_key[place][arm], times)

    def take(self) -> list[Claim]:
        """Return the claims since the last time."""
        claims, self.claims = self.claims, Counter()
        return [Claim(member, counter, amount) for (member, counter), amount in claims.items()]

    def replace(self, counts: dict[str, int]) -> None:
        """Go on from the counts of everybody; claims that were not taken yet are counted on top."""
        self.counts = Counter(counts)
        for (_, counter), amount in self.claims.items():
            self.counts[counter] += amount
        self.recount()

    def recount(self) -> None:
        """Forget what is known of the distance to the alarms; it is worked out when it is needed."""
        self._room = [0.0] * len(self._design.metrics)

    def snapshot(self) -> dict[str, Any]:
        """Return everything as JSON knows it, always in one order."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "marks": sorted([bucket, mark] for bucket, mark in self.marks.items()),
            "mask": self.mask,
            "claims": [[*key, amount] for key, amount in self.claims.items()],
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Take what was returned by `snapshot`."""
        self.counts = Counter({str(key): int(count) for key, count in values["counts"].items()})
        self.marks = {int(bucket): int(mark) for bucket, mark in values["marks"]}
        self.mask = int(values["mask"])
        self.claims = Counter(
            {(str(member), str(counter)): int(amount) for member, counter, amount in values["claims"]}
        )
        self.recount()

    def _fail(self, bucket: int, place: int, arm: int, failed: int) -> bool:
        design, alarm = self._design, False
        for index in design.indices[failed]:
            key = design.failed_key[index][place][arm]
            self.counts[key] += 1
            if self._keeps_claims:
                self.claims[f"{index}.{bucket}" if self.remembers else "", key] += 1
            if arm == CANARY:
                self._room[index] -= design.longest_step[place]
                if self._room[index] <= 0.0:
                    self._room[index] = room = design.alarm[index] - design.harm(index, self.counts)
                    alarm = alarm or room <= 0.0
        return alarm

    def _meet(self, bucket: int, place: int, arm: int, *, is_new: bool) -> None:
        """Count a unit that was not seen in this stage yet."""
        design = self._design
        if is_new:
            self._claim("n", bucket, design.new_key[place][arm], 1)
        self._claim(f"u{place}", bucket, design.unit_key[place][arm], self.mask + 1)
        if len(self.marks) > self.max_units:
            self._thin()

    def _claim(self, what: object, bucket: int, counter: str, amount: int) -> None:
        self.counts[counter] += amount
        if self._keeps_claims:
            self.claims[f"{what}.{bucket}" if self.remembers else "", counter] += amount

    def _thin(self) -> None:
        self.mask = self.mask << 1 | 1
        self.marks = {bucket: mark for bucket, mark in self.marks.items() if not bucket & self.mask}
