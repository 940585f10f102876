"""A dict that stays as it was built."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

__all__ = ["FrozenDict"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A read-only dict; values inside it are shared, not copied.

    A `MappingProxyType` would protect as well, but it can be neither pickled nor copied nor written as JSON, and
    merging it into keyword arguments takes four times as long.

    Hashable by its keys, so that values which hold one can be hashed whatever is in it.
    """

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __reduce__(self) -> tuple[type[FrozenDict[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)

    def _refuse(self: object, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only: change a dict(...) of it and build anew")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
