"""`Media`: which images, sounds, films and files may go to a model. They are not read, only seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.messages import MediumKind, Part
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Media"]

_KINDS: Final[tuple[MediumKind, ...]] = get_args(MediumKind)


class _NoMeter:
    """Watches nothing: what is streamed is text."""

    def feed(self, text: str, /) -> None:
        """Take the next characters."""

    def finish(self) -> None:
        """The stream ended."""


@dataclass(frozen=True, kw_only=True)
class Media(GuardBase):
    """Let images, audio, video and files of a request pass, or refuse them.

    Without this guard they all pass, unread: a guard sees texts, and what is written in a picture is none. The texts
    beside them are judged by the other guards.

    Args:
        allow: What may pass: `image`, `audio`, `video`, `file`.
        action: What to do with the rest: `block` or `flag`.

    Raises:
        ConfigurationError: `allow` names something else.
    """

    kind: ClassVar[str] = "media"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    allow: Sequence[MediumKind] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        allow = (self.allow,) if isinstance(self.allow, str) else tuple(self.allow)
        for kind in allow:
            if kind not in _KINDS:
                raise ConfigurationError(f"Media(allow=[{kind!r}]): must be some of {', '.join(map(repr, _KINDS))}")
        settle(self, allow=allow)

    def check(self, text: str, /) -> Verdict:
        """Allow a text: it is no medium."""
        return Verdict(Action.ALLOW, text, (), self.name, self.mode)

    def check_parts(self, parts: Sequence[Part], context: Context, /) -> Sequence[Verdict]:  # noqa: ARG002
        """Return one verdict about all that may not pass, if there is any, each with the place where it stands."""
        if context.side != "input":
            return ()
        found = tuple(
            Finding(f"media.{kind}", kind.upper(), 0, 0, 1.0, self.name, where)
            for kind, where in context.request.media
            if kind not in self.allow
        )
        return (Verdict(Action(self.action), "", found, self.name, self.mode),) if found else ()

    def meter(self) -> _NoMeter:
        """Return a watcher for one streamed reply, which finds nothing."""
        return _NoMeter()
