r"""How many ways a pattern has of taking one and the same text: what makes a search take exponential or cubic time.

The pattern becomes an automaton with one state for each place that takes a character. Two facts about it decide:

- *Exponential.* From some state two different ways lead back to it on the same text. Repeated, the ways multiply:
  `(a+)+`, `(a|aa)+`, `(\w+\s?)*`.
- *Polynomial.* From one loop a way leads into a second on a text that both also take by themselves, so that the border
  between them may stand anywhere: `\s+\s*`, `.*x.*`. Each loop more of a chain is one power more.

Sources: A. Weber and H. Seidl, "On the degree of ambiguity of finite automata", Theoretical Computer Science 88 (1991);
C. Allauzen, M. Mohri and A. Rastogi, "General algorithms for testing the ambiguity of finite automata" (2008).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Final, NamedTuple

from genai_guard.text.syntax import Node

__all__ = ["Ambiguity", "TooLarge", "ambiguities_of"]

_EXPANDED: Final = 9
"""A repeat of at most so many times is written out; a longer one of no fixed length is taken for a loop."""
_COPIES: Final = 64
_BOUNDED: Final = 1000
"""A loop of at most so many times adds no power to the time, only a factor."""
_MAX_CLOSE: Final = 3
"""So many bounded repeats may stand side by side."""
_MAX_STATES: Final = 3000
_MAX_EDGES: Final = 100_000
_MAX_STEPS: Final = 400_000


class TooLarge(Exception):  # noqa: N818  not an error of anybody's: the question is left open
    """The automaton is too large to be looked at."""


class Ambiguity(NamedTuple):
    """A part of a pattern that takes a text in many ways.

    Attributes:
        kind: `nested` and `alternatives` are exponential; `adjacent`, `chain` and `apart` polynomial: two repeats side
            by side, three or more that overlap, and two with something between them.
        start: First character of the part in the source.
        end: One past the last.
    """

    kind: str
    start: int
    end: int


class _Ends(NamedTuple):
    """The states with which a part begins and ends, each as often as there are ways to it, and the ways to be empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: int = 1


class _Loop(NamedTuple):
    node: Node
    low: int
    high: int
    unbounded: bool


@dataclass(slots=True)
class _Automaton:
    masks: list[int] = field(default_factory=list[int])
    edges: dict[int, dict[int, list[int]]] = field(default_factory=dict[int, dict[int, list[int]]])
    """For each state those that may follow, with the loops that lead there; -1 for no loop."""
    loops: list[_Loop] = field(default_factory=list[_Loop])
    size: int = 0

    def build(self, node: Node) -> _Ends:
        if node.kind in {"chars", "opaque"}:
            if len(self.masks) >= _MAX_STATES:
                raise TooLarge
            self.masks.append(node.mask)
            state = (len(self.masks) - 1,)
            return _Ends(state, state, empty=0)
        if node.kind == "sequence":
            return self._chain(self.build(part) for part in node.parts)
        if node.kind == "either":
            ends = [self.build(part) for part in node.parts]
            return _Ends(
                tuple(state for each in ends for state in each.first),
                tuple(state for each in ends for state in each.last),
                sum(each.empty for each in ends),
            )
        return self._repeat(node)

    def _chain(self, ends: Iterable[_Ends]) -> _Ends:
        first: tuple[int, ...] = ()
        last: tuple[int, ...] = ()
        empty = 1
        for each in ends:
            self._link(last, each.first, -1)
            first += each.first * min(empty, 2)
            last = last * min(each.empty, 2) + each.last
            empty *= each.empty
        return _Ends(first, last, empty)

    def _repeat(self, node: Node) -> _Ends:
        low = len(self.masks)
        is_loop = _is_loop(node)
        times = max(node.least, 1) if is_loop else int(min(node.most, _COPIES))
        copies: list[_Ends] = []
        for _ in range(min(times, _EXPANDED + 1) if is_loop else times):
            low = len(self.masks)
            copies.append(self.build(node.parts[0]))
        for before, after in pairwise(copies):
            self._link(before.last, after.first, -1)
        if not copies:
            return _Ends()
        if is_loop:
            self.loops.append(_Loop(node, low, len(self.masks), node.most > _BOUNDED))
            self._link(copies[-1].last, copies[-1].first, len(self.loops) - 1)
        empty = copies[0].empty * (1 if node.most == 1 else 2) + (not node.least)
        ending = copies if empty else copies[(len(copies) if is_loop else min(node.least, len(copies))) - 1 :]
        return _Ends(copies[0].first, tuple(state for each in ending for state in each.last), empty)

    def _link(self, last: Sequence[int], first: Sequence[int], loop: int) -> None:
        self.size += len(last) * len(first)
        if self.size > _MAX_EDGES:
            raise TooLarge
        for state in last:
            follows = self.edges.setdefault(state, {})
            for after in first:
                follows.setdefault(after, []).append(loop)


def ambiguities_of(node: Node, source: str) -> list[Ambiguity]:
    """Return where a pattern, or a part of it that is matched by itself, takes a text in many ways.

    Args:
        node: The pattern, or the part.
        source: The pattern as it was written.

    Raises:
        TooLarge: there is too much of it to tell.
    """
    if not _has_loop(node):
        return []
    automaton = _Automaton()
    automaton.build(node)
    return _Analysis(automaton, node, source).found()


class _Analysis:
    """What is asked of one automaton."""

    __slots__ = ("_auto", "_knots", "_root", "_source", "_steps")

    def __init__(self, automaton: _Automaton, root: Node, source: str) -> None:
        self._auto: Final = automaton
        self._root: Final = root
        self._source: Final = source
        self._knots: Final = _knots(len(automaton.masks), automaton.edges)
        """Sets of states each of which leads to every other of its set, in the order of the pattern."""
        self._steps = 0

    def found(self) -> list[Ambiguity]:
        exponential = [found for knot in self._knots if (found := self._exponential(knot))]
        polynomial = None if exponential else self._polynomial()
        return exponential if polynomial is None else [polynomial]

    def _exponential(self, knot: frozenset[int]) -> Ambiguity | None:
        for state in sorted(knot):
            for after, loops in self._auto.edges.get(state, {}).items():
                if after in knot and len(loops) > 1:
                    ways = [self._auto.loops[loop].node for loop in loops if loop >= 0]
                    return _ambiguity("nested", max(ways, key=_span, default=self._whole(knot)))
        if not self._parts_and_meets(knot):
            return None
        node = self._whole(knot)
        return _ambiguity("alternatives" if _is_choice(node) else "nested", node)

    def _whole(self, knot: frozenset[int]) -> Node:
        around = [loop.node for loop in self._auto.loops if loop.low <= min(knot) and max(knot) < loop.high]
        return min(around, key=_span)

    def _parts_and_meets(self, knot: frozenset[int]) -> bool:
        """Whether two ways part at a state of the knot and meet again, on the same text."""
        masks = self._auto.masks
        seen: set[tuple[int, int]] = set()
        waiting: list[tuple[int, int]] = []
        for after in {tuple(sorted(knot.intersection(self._auto.edges[state]))) for state in knot}:
            for at, one in enumerate(after):
                for other in after[at + 1 :]:
                    self._count()
                    if masks[one] & masks[other] and (one, other) not in seen:
                        seen.add((one, other))
                        waiting.append((one, other))
        while waiting:
            one, other = waiting.pop()
            for ahead, beside in product(self._within(one, knot), self._within(other, knot)):
                self._count()
                if not masks[ahead] & masks[beside]:
                    continue
                if ahead == beside:
                    return True
                pair = (min(ahead, beside), max(ahead, beside))
                if pair not in seen:
                    seen.add(pair)
                    waiting.append(pair)
        return False

    def _polynomial(self) -> Ambiguity | None:
        links = list(self._links())
        return self._close(links) or self._far(links)

    def _links(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs of knots of which one leads into the other, by their numbers."""
        for later, second in enumerate(self._knots):
            for earlier, first in enumerate(self._knots[:later]):
                if self._leads_on(first, second):
                    yield earlier, later

    def _close(self, links: Iterable[tuple[int, int]]) -> Ambiguity | None:
        """Find two repeats without bounds side by side, or many with bounds; copies of one repeat count likewise."""
        lengths: dict[int, int] = {}
        for earlier, later in links:
            one, other = self._innermost(self._knots[earlier]), self._innermost(self._knots[later])
            if one != other and not self._side_by_side(one, other):
                continue
            length = lengths[later] = max(lengths.get(later, 1), lengths.get(earlier, 1) + 1)
            if length > _MAX_CLOSE or (self._is_unbounded(earlier) and self._is_unbounded(later)):
                return self._around(one) if one == other else Ambiguity("adjacent", one.start, other.end)
        return None

    def _far(self, links: Sequence[tuple[int, int]]) -> Ambiguity | None:
        """Find the longest chain of repeats without bounds."""
        chains: dict[int, list[int]] = {}
        for earlier, later in links:
            if self._is_unbounded(earlier) and self._is_unbounded(later):
                chain = [*chains.get(earlier, [earlier]), later]
                chains[later] = max(chain, chains.get(later, []), key=len)
        longest = max(chains.values(), key=len, default=list[int]())
        if not longest:
            return None
        start, end = self._innermost(self._knots[longest[0]]).start, self._innermost(self._knots[longest[-1]]).end
        return Ambiguity("chain" if len(longest) > 2 else "apart", start, end)

    def _leads_on(self, first: frozenset[int], second: frozenset[int]) -> bool:
        """Whether some text leads around the first knot, from it into the second, and around the second."""
        return any(self._goes(here, there, first, second) for here, there in product(first, second))

    def _goes(self, here: int, there: int, first: frozenset[int], second: frozenset[int]) -> bool:
        edges, masks = self._auto.edges, self._auto.masks
        seen = {(here, here, there)}
        waiting = [(here, here, there)]
        while waiting:
            left, middle, right = waiting.pop()
            for a, c in product(self._within(left, first), self._within(right, second)):
                common = masks[a] & masks[c]
                if not common:
                    continue
                for b in edges.get(middle, {}):
                    self._count()
                    state = (a, b, c)
                    if not common & masks[b] or state in seen:
                        continue
                    if state == (here, there, there):
                        return True
                    seen.add(state)
                    waiting.append(state)
        return False

    def _within(self, state: int, knot: frozenset[int]) -> list[int]:
        return [after for after in self._auto.edges.get(state, {}) if after in knot]

    def _is_unbounded(self, number: int) -> bool:
        knot = self._knots[number]
        return any(loop.unbounded and not knot.isdisjoint(range(loop.low, loop.high)) for loop in self._auto.loops)

    def _innermost(self, knot: frozenset[int]) -> Node:
        around = [loop.node for loop in self._auto.loops if not knot.isdisjoint(range(loop.low, loop.high))]
        return max(around, key=_span)

    def _around(self, node: Node) -> Ambiguity:
        """Return the innermost repeat around a repeat of which there are several copies."""
        around = self._root
        waiting = [around]
        while waiting:
            each = waiting.pop()
            if each.start <= node.start and node.end <= each.end and each != node:
                around = each if each.kind == "repeat" else around
                waiting += each.parts
        return _ambiguity("nested", around)

    def _side_by_side(self, one: Node, other: Node) -> bool:
        """Whether nothing but parentheses stands between two repeats."""
        return re.fullmatch(r"(?:\)|\((?:\?:)?)*", self._source[one.end : other.start]) is not None

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise TooLarge


def _is_loop(node: Node) -> bool:
    return node.kind == "repeat" and node.most > _EXPANDED and node.most != node.least


def _has_loop(node: Node) -> bool:
    return _is_loop(node) or any(map(_has_loop, node.parts))


def _is_choice(node: Node) -> bool:
    inner = node.parts[0]
    while inner.kind == "sequence" and len(inner.parts) == 1:
        inner = inner.parts[0]
    return inner.kind == "either"


def _ambiguity(kind: str, node: Node) -> Ambiguity:
    return Ambiguity(kind, node.start, node.end)


def _span(node: Node) -> int:
    return node.end - node.start


def _knots(size: int, edges: dict[int, dict[int, list[int]]]) -> list[frozenset[int]]:
    """Return the strongly connected components that have a loop, by Tarjan's algorithm without recursion."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    knots: list[frozenset[int]] = []
    for root in range(size):
        if root in order:
            continue
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        path = [(root, iter(edges.get(root, {})))]
        while path:
            state, following = path[-1]
            after = next(following, -1)
            if after < 0:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[state])
                if low[state] == order[state]:
                    knot = frozenset(stack[stack.index(state) :])
                    del stack[-len(knot) :]
                    on_stack -= knot
                    if len(knot) > 1 or state in edges.get(state, {}):
                        knots.append(knot)
            elif after not in order:
                order[after] = low[after] = len(order)
                stack.append(after)
                on_stack.add(after)
                path.append((after, iter(edges.get(after, {}))))
            elif after in on_stack:
                low[state] = min(low[state], order[after])
    return sorted(knots, key=min)
