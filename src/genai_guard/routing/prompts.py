"""Prompts with a version: texts with typed variables, filled in without ever being read as anything but text.

A placeholder is `{name}`, and a brace that is none is doubled, as in `str.format`. There is nothing else: no attribute, no
index, no conversion and no format, with which a template of `str.format` reads what it should not. A value is put in as
it is; braces in it are letters.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, TypeAlias, cast, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import Caller
from genai_guard.routing import checks
from genai_guard.routing.conditions import attribute_of

__all__ = ["INPUT", "Prompt", "Value", "VariableType"]

VariableType: TypeAlias = Literal["text", "integer", "number", "bool"]
"""What a variable of a prompt takes."""

Value: TypeAlias = str | int | float | bool

INPUT: Final = "input"
"""The variable of a user prompt that stands for what the user wrote."""

_NOTHING: Final[FrozenDict[str, Any]] = FrozenDict()
_PIECE: Final = re.compile(r"([^{}]+)|(\{\{)|(\}\})|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,64}")
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,64}(?:\.[0-9]{1,64})?(?:[eE][-+]?[0-9]{1,3})?")
_TRUTHS: Final = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_HASH_DIGITS: Final = 16
_MAX_BITS: Final = 212


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that a variant gives to the model: a system prompt, or a frame around what the user wrote.

    `{name}` in the text is a variable, and `{{` and `}}` are braces. Every variable is declared, with its type in
    `variables` or with a value in `defaults`. In a call it is filled in with the tag of the caller that has its name, with
    `user`, `tenant`, `session` or `request`, or else with its default; a call in which a variable has no value, or one of
    another type, fails with `ConfigurationError` before the model is asked. Guards do not judge what is filled in: keep
    what users write out of tags that stand in prompts.

    A `system` prompt takes the place of the first system message of the call, or becomes the first message. A function
    with a parameter `system` or `instructions` gets it there, as Anthropic's and OpenAI's do; one that takes a text gets
    it before the text, with an empty line between.

    A `user` prompt is put around the last text of the user, which is its `{input}`. A call without such a text is left as it
    is.

    Args:
        name: Name on events: letters, digits, `_`, `.` and `-`.
        text: The text.
        version: Version on events, for people; `content_hash` tells texts apart whatever they are called.
        role: `system` or `user`.
        variables: The type of each variable: `text`, `integer`, `number` or `bool`.
        defaults: Values of variables that may be left out; one that stands only here has the type of its value.
        file: Text file in UTF-8 to read the text from, in place of `text`. Read once, when the prompt is built.

    Attributes:
        content_hash: 16 hexadecimal digits of the SHA-256 of role, text, variables and defaults.

    Raises:
        ConfigurationError: a brace that is no placeholder, a variable that is not declared or does not occur, a default
            of another type, or a file that cannot be read.
    """

    name: str
    text: str = ""
    version: str = field(default="1", kw_only=True)
    role: Literal["system", "user"] = field(default="system", kw_only=True)
    variables: Mapping[str, VariableType] = field(default=_NOTHING, kw_only=True)
    defaults: Mapping[str, str | int | float | bool] = field(default=_NOTHING, kw_only=True)
    file: str | os.PathLike[str] | None = field(default=None, kw_only=True)
    content_hash: str = field(default="", init=False, compare=False)
    _pieces: tuple[tuple[str, str], ...] = field(default=(), init=False, repr=False, compare=False)
    _types: Mapping[str, VariableType] = field(default=_NOTHING, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.name(self.name, of="name", where="Prompt")
        where = f"Prompt({self.name!r})"
        if not (isinstance(self.version, str) and self.version and self.version.isprintable()):
            raise ConfigurationError(f"{where}: version={self.version!r} must be a non-empty text, such as '2'")
        checks.one_of(self.role, ("system", "user"), of="role", where=where)
        self._set(text=_text(self.text, self.file, where))
        pieces = _pieces(self.text, where)
        types, defaults = _declared(self.variables, self.defaults, where)
        _check_names({name for kind, name in pieces if kind == "variable"}, types, self.role, where)
        content = json.dumps([self.role, self.text, sorted(types.items()), sorted(defaults.items())])
        self._set(
            variables=FrozenDict(self.variables),
            defaults=defaults,
            content_hash=sha256(content.encode()).hexdigest()[:_HASH_DIGITS],
            _pieces=pieces,
            _types=types,
        )

    def render(self, /, **values: object) -> str:
        """Return the text with these values, `input` among them for a user prompt.

        Raises:
            ConfigurationError: a variable has no value, or one of another type, or there is no such variable.
        """
        known = [*self._types, *([INPUT] if self.role == "user" else [])]
        for name in values:
            if name not in known:
                self._wrong(f"there is no variable {name}; there are {', '.join(known) or 'none'}")
        if self.role == "user" and not isinstance(values.get(INPUT), str):
            self._wrong(f"{INPUT} must be the text of the user")
        return self._filled(values.get, values.get(INPUT))

    def render_for(self, caller: Caller, /, text: str = "") -> str:
        """Return the text for a caller, whose tags are its variables; `text` is what the user wrote.

        Raises:
            ConfigurationError: a variable has no value, or one of another type.
        """
        if len(self._pieces) == 1 and self._pieces[0][0] == "text":
            return self._pieces[0][1]
        return self._filled(lambda name: attribute_of(name)(caller), text)

    def __repr__(self) -> str:
        return f"<Prompt {self.name} version {self.version}, {self.role}, {self.content_hash}>"

    def _filled(self, value_of: Callable[[str], object], text: object) -> str:
        filled: list[str] = []
        for kind, piece in self._pieces:
            if kind == "text":
                filled.append(piece)
            elif piece == INPUT and self.role == "user":
                filled.append(cast("str", text))
            else:
                filled.append(self._value(piece, value_of(piece)))
        return "".join(filled)

    def _value(self, name: str, value: object) -> str:
        if value is None or value == "":
            value = self.defaults.get(name)
        if value is None:
            self._wrong(f"the variable {name} has no value: give the caller a tag {name}, or the prompt a default")
        written = _written(value, self._types[name])
        if written is None:
            self._wrong(f"the variable {name} takes {self._types[name]}, and was given something else")
        return written

    def _wrong(self, what: str) -> NoReturn:
        raise ConfigurationError(f"prompt {self.name} version {self.version}: {what}")

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _written(value: object, kind: VariableType) -> str | None:
    """Return a value as it is put into a text; None if it is not of its type. Tags are texts, whatever they mean."""
    if isinstance(value, str):
        pattern = {"integer": _INTEGER, "number": _NUMBER}.get(kind)
        fits = value in _TRUTHS if kind == "bool" else pattern is None or pattern.fullmatch(value) is not None
        return value if fits else None
    if isinstance(value, bool):
        return str(value).lower() if kind == "bool" else None
    if type(value) is int and kind in {"integer", "number"}:
        return str(value) if value.bit_length() <= _MAX_BITS else None
    if type(value) is float and kind == "number":
        return repr(value) if math.isfinite(value) else None
    return None


def _text(text: object, file: str | os.PathLike[str] | None, where: str) -> str:
    if file is not None:
        if text:
            raise ConfigurationError(f"{where}: has text= and file=; keep the one that is meant")
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{where}: file={os.fspath(file)!r} cannot be read as a text in UTF-8: {type(error).__name__}"
            ) from error
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"{where}: text= must be a text, and not an empty one")
    return text


def _pieces(text: str, where: str) -> tuple[tuple[str, str], ...]:
    """Return the literal texts and the names of variables, in order; literals beside each other are joined."""
    pieces: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None:
            raise _stray_brace(text, at, where)
        at = match.end()
        if match[4]:
            pieces.append(("variable", match[4]))
            continue
        literal = match[1] or ("{" if match[2] else "}")
        if pieces and pieces[-1][0] == "text":
            literal = pieces.pop()[1] + literal
        pieces.append(("text", literal))
    return tuple(pieces)


def _stray_brace(text: str, at: int, where: str) -> ConfigurationError:
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    found = re.compile(r"\{[^{}\n]{0,40}\}").match(text, at)
    what = f"{found[0]} is no placeholder, which is a name in braces and nothing else" if found else "a brace by itself"
    return ConfigurationError(f"{where}: text=, line {line}, column {column}: {what}; write {{{{ and }}}} for braces")


def _declared(
    variables: object, defaults: object, where: str
) -> tuple[FrozenDict[str, VariableType], FrozenDict[str, Value]]:
    types = dict(_mapping(variables, "variables", where))
    values = _mapping(defaults, "defaults", where)
    for name, kind in types.items():
        checks.one_of(kind, get_args(VariableType), of=f"variables[{name!r}]", where=where)
    for name, value in values.items():
        kind = types.setdefault(name, _type_of(value))
        if value == "" or _written(value, kind) is None:
            raise ConfigurationError(f"{where}: defaults[{name!r}] must be {kind}, and not empty")
    return FrozenDict(types), FrozenDict(values)


def _mapping(value: object, of: str, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: {of}= must be a mapping, not {type(value).__name__}")
    given = cast("Mapping[Any, object]", value)
    for name in given:
        if not isinstance(name, str) or _PIECE.fullmatch(f"{{{name}}}") is None or name == INPUT:
            raise ConfigurationError(f"{where}: {of}= has {name!r}, which cannot be the name of a variable")
    return given


def _type_of(value: object) -> VariableType:
    if isinstance(value, bool):
        return "bool"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "text"


def _check_names(used: set[str], types: Mapping[str, VariableType], role: str, where: str) -> None:
    if role == "user" and INPUT not in used:
        raise ConfigurationError(f"{where}: text= has no {{{INPUT}}}, where the text of the user stands")
    known = {*types, INPUT} if role == "user" else {*types}
    for name in sorted(used - known):
        if name == INPUT:
            raise ConfigurationError(f'{where}: text= has {{{INPUT}}}, which only a prompt with role="user" has')
        near = get_close_matches(name, types, 1)
        hint = f"did you mean {near[0]}?" if near else f"add it to variables=, such as {{{name!r}: 'text'}}"
        raise ConfigurationError(f"{where}: text= has {{{name}}}, which is not declared: {hint}")
    for name in sorted(set(types) - used):
        raise ConfigurationError(f"{where}: the variable {name} does not occur in the text; take it out")
