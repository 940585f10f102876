"""The guards of a policy, wherever they are sent: what pickles is the policy, and each process builds them once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Side
from genai_guard.pipeline import Pipeline
from genai_guard.verdicts import Verdict

__all__ = ["Scanner"]

_SECTIONS: Final = frozenset({"version", "name", "input", "output"})


class Scanner:
    """Says of texts what the guards of a policy say, in any process: no call is made, and nothing limited or recorded.

    Pickles as the policy itself, so that the file need not be there where it is used; what the policy names, such as
    files of words, modules and environment variables, must be. Two with the same policy share its guards.

    Args:
        policy: Path of a policy file, or the policy as a mapping. Only its guards are built.
        factory: In place of a policy, `package.module:name` of a `Pipeline` or of a function that returns one.
        side: Whose guards: `input` or `output`.

    Raises:
        ConfigurationError: the policy is wrong, or has a guard that is asynchronous.

    Attributes:
        side: Whose guards they are.
    """

    def __init__(
        self,
        policy: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        factory: str | None = None,
        side: Side = "input",
    ) -> None:
        if (policy is None) is (factory is None):
            raise ConfigurationError("takes a policy, or else a factory such as 'package.module:pipeline'")
        if side not in {"input", "output"}:
            raise ConfigurationError(f"side={side!r}: must be 'input' or 'output'")
        self.side: Final = side
        self._source: Final = factory if factory is not None else _guards_of(policy)
        self._is_factory: Final = factory is not None
        self.scan("")  # whatever is wrong is said here, and not by a worker

    def scan(self, text: str) -> Verdict:
        """Return what `Pipeline.scan_input` or `scan_output` would.

        Raises:
            ConfigurationError: `text` is not a string.
        """
        pipeline = _built(self._source, self._is_factory)
        return pipeline.scan_input(text) if self.side == "input" else pipeline.scan_output(text)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self._source, self._is_factory, self.side)

    def __repr__(self) -> str:
        return f"<Scanner {self._source if self._is_factory else 'policy'}, {self.side}>"


@lru_cache(maxsize=16)
def _built(source: str, is_factory: bool) -> Pipeline:
    if not is_factory:
        return Pipeline.from_policy(json.loads(source))
    from genai_guard.testing.cases.running import load_policy  # noqa: PLC0415  few have a factory

    return load_policy(source)


def _guards_of(policy: str | os.PathLike[str] | Mapping[str, Any] | None) -> str:
    """Return the part of a policy that has the guards, as JSON."""
    from genai_guard.policy.data import is_mapping, plain  # noqa: PLC0415  few scan elsewhere
    from genai_guard.policy.files import read  # noqa: PLC0415  as above
    from genai_guard.policy.problems import Problems  # noqa: PLC0415  as above

    data = read(policy).data if isinstance(policy, str | os.PathLike) else policy
    if not is_mapping(data):
        raise ConfigurationError("a policy is the path of a file or a mapping")
    try:
        return json.dumps(plain({name: value for name, value in data.items() if name in _SECTIONS}), sort_keys=True)
    except Problems as error:
        raise error.report("policy", lambda _: None) from None


def _restored(kind: type[Scanner], source: str, is_factory: bool, side: Side) -> Scanner:
    return kind(factory=source, side=side) if is_factory else kind(json.loads(source), side=side)
