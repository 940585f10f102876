"""A condition over what is known of a caller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from operator import attrgetter
from typing import Any, Final, TypeAlias, final

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import Caller
from genai_guard.routing.conditions.closures import Truth, compiled
from genai_guard.routing.conditions.parser import MAX_LENGTH, parse
from genai_guard.routing.conditions.tree import Comparison, Node, tests, written
from genai_guard.routing.conditions.values import READERS, Kind

__all__ = ["CALLER_FIELDS", "Attributes", "Condition", "attribute_of", "values_of"]

Attributes: TypeAlias = Mapping[str, Kind]
"""Names of attributes, and what each is: `text`, `number` or `bool`."""

CALLER_FIELDS: Final = {"user": "user", "tenant": "tenant", "session": "session", "request": "request_id"}
"""What an attribute of a caller is called there, if it is no tag."""


def attribute_of(name: str) -> Callable[[Caller], Any]:
    """Return what gets an attribute of a caller: `user`, `tenant`, `session`, `request`, or else the tag of that name.

    None or an empty text is no value.
    """
    if name in CALLER_FIELDS:
        return attrgetter(CALLER_FIELDS[name])
    return lambda caller: caller.tags.get(name)


def values_of(caller: Caller) -> dict[str, str]:
    """Return all attributes of a caller by name. A tag that is called like a field does not hide it."""
    fields = {"user": caller.user, "tenant": caller.tenant, "session": caller.session, "request": caller.request_id}
    return {**caller.tags, **fields}


@final
class Condition:
    """Whom something is for: `Condition('plan == "pro" and country in ["DE", "AT"] and not beta')`.

    Attributes are `user`, `tenant`, `session`, `request` and the tags of the caller. Each is compared with literals, which
    say what it is: a text, a number or a truth value, and the same all over a condition. Operators are `==`, `!=`, `<`,
    `<=`, `>`, `>=`, `in [...]`, `not in [...]`, and for texts `startswith`, `endswith` and `contains`. `version(app) >=
    "2.1.0"` compares versions, `has(plan)` asks whether there is a value, and a name by itself is a truth value. They are
    joined by `and`, `or`, `not` and brackets, as in Python. Texts are compared as they are, letter by letter.

    A caller may lack an attribute, or have one that is not what the condition takes it for: `age > 18` with an age of
    `unknown`. Then a comparison with it is neither true nor false, and so is its opposite; a condition that depends on it
    is not met. This is the logic of SQL, in which nobody gets in for what is not known of them. An empty text is no value.

    Conditions with the same meaning to the parser are equal: spaces, quotes and needless brackets do not matter. They can
    be pickled, and their text is what a policy file holds.

    Args:
        text: At most 16384 characters, and 32 brackets within each other.

    Attributes:
        text: The condition, written in one way.
        attributes: Every attribute that it asks for, and what each is; `None` where it only asks whether there is one.
        holds: Takes attributes by name; returns True, False, or None where one is missing on which it depends.
        asks_tags_only: Whether the tags of a caller are all the attributes that it takes.

    Raises:
        ConfigurationError: the text is no condition; the message names the column and what would be right.
    """

    __slots__ = ("_node", "asks_tags_only", "attributes", "holds", "text")

    def __init__(self, text: str | Condition) -> None:
        given = text.text if isinstance(text, Condition) else text
        if not isinstance(given, str):
            raise ConfigurationError(f"condition: must be a text, not {type(given).__name__}")
        self._node: Final = parse(given)
        self.text: Final[str] = written(self._node)
        if len(self.text) > MAX_LENGTH:  # with single spaces it may be longer than it was, and must still be read again
            raise ConfigurationError(f"condition: has {len(self.text)} characters; at most {MAX_LENGTH} are taken")
        self.attributes: Final[Mapping[str, Kind | None]] = FrozenDict(_attributes(self._node))
        self.asks_tags_only: Final = CALLER_FIELDS.keys().isdisjoint(self.attributes)
        self.holds: Final[Truth] = compiled(self._node)

    def test(self, caller: Caller, /) -> bool | None:
        """Return True or False, or None where the caller lacks an attribute on which it depends."""
        return self.holds(caller.tags if self.asks_tags_only else values_of(caller))

    def met_by(self, who: Caller | Mapping[str, object], /) -> bool:
        """Whether the condition is met by a caller, or by attributes by name. False where it cannot be known."""
        return (self.test(who) if isinstance(who, Caller) else self.holds(who)) is True

    def missing(self, who: Caller | Mapping[str, object], /) -> tuple[str, ...]:
        """Return the attributes that have no value, or not one of their kind, apart from those asked for by `has`."""
        values = values_of(who) if isinstance(who, Caller) else who
        return tuple(
            dict.fromkeys(
                test.name
                for test in tests(self._node)
                if isinstance(test, Comparison) and READERS[test.read_as](values.get(test.name)) is None
            )
        )

    def check(self, declared: Attributes | Collection[str], /, *, where: str = "condition") -> None:
        """Refuse a condition on an attribute that nobody has.

        Args:
            declared: The attributes that there are besides `user`, `tenant`, `session` and `request`: their names, or
                their names and what each is.
            where: What the condition belongs to, for the message.

        Raises:
            ConfigurationError: the condition asks for another attribute, or takes one for what it is not.
        """
        kinds: dict[str, str | None] = dict.fromkeys(CALLER_FIELDS, "text")
        kinds |= declared if isinstance(declared, Mapping) else dict.fromkeys(declared)
        for name, kind in self.attributes.items():
            if name not in kinds:
                near = get_close_matches(name, kinds, 1)
                hint = f": did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(kinds))}"
                raise ConfigurationError(f"{where}: the attribute {name} is not declared{hint}")
            if kind is not None and kinds[name] not in {None, kind}:
                raise ConfigurationError(f"{where}: {name} is declared as {kinds[name]}, and compared as {kind}")

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Condition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[type[Condition], tuple[str]]:
        return Condition, (self.text,)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _attributes(node: Node) -> Iterator[tuple[str, Kind | None]]:
    kinds: dict[str, Kind | None] = {}
    for test in tests(node):
        kind: Kind | None = None
        if isinstance(test, Comparison):
            kind = "text" if test.read_as == "version" else test.read_as
        kinds[test.name] = kind or kinds.get(test.name)
    yield from kinds.items()
