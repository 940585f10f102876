"""The bucket formulas of other systems, so that units which they assigned stay where they are.

Each formula is a function of the parameters it needs, and returns the three things that differ: how many buckets there
are, which of them a unit is in, and, where the system has a hash of its own for that, who takes part. Data is the unit
in UTF-8; h is the 32-bit murmur3 hash, x86 variant, unsigned. They are those of the clients of November 2026.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args

import mmh3

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.assignment import SPACE, bucket_of, hash_prefix

__all__ = ["HASH_VERSIONS", "Formula", "HashVersion", "check_parts", "checked_params", "formula_of"]

HashVersion: TypeAlias = Literal[1, "flagd", "flagd_cbor", "launchdarkly", "optimizely", "split", "unleash"]
"""1, or the name of a formula in this module."""

_digest: Final = mmh3.mmh3_32_uintdigest
_UNLEASH_VARIANT_SEED: Final = 86028157
_PERCENT: Final = 100
_TEN_THOUSAND: Final = 10_000
_HUNDRED_THOUSAND: Final = 100_000
_SHA1_DIGITS: Final = 15
_CBOR_TEXT: Final = 0x60
_CBOR_SHORT: Final = 24


class Formula(NamedTuple):
    """How units are put into buckets.

    Attributes:
        space: Number of buckets; 0 for as many as the weights add up to.
        bucket: Returns the bucket of a unit, out of so many.
        percentile: Returns the place of a unit in enrolment, from 0 to 99: it takes part if that lies below the
            coverage in percent. None for the enrolment of hash version 1, as systems without one of their own have it.
        gaps: Whether buckets may belong to no variant, which keeps the units in them out.
        parts: What the system counts weights in: hundredths, for instance; 0 for any.
    """

    space: int
    bucket: Callable[[bytes, int], int]
    percentile: Callable[[bytes], int] | None = None
    gaps: bool = False
    parts: int = 0


def flagd(*, flag_key: str) -> Formula:
    """`fractional`, version 2: h(flag key + unit) times the weights, shifted right by 32.

    Args:
        flag_key: Key of the flag.
    """
    prefix = _data(flag_key)

    def bucket(data: bytes, _space: int) -> int:
        return _digest(prefix + data, 0)

    return Formula(SPACE, bucket)


def flagd_cbor(*, flag_key: str) -> Formula:
    """As flagd has it since its core 2.0, of 2026: h over the CBOR encoding (RFC 8949) of the list [flag key, unit].

    Args:
        flag_key: Key of the flag.
    """
    key = _data(flag_key)
    prefix = b"\x82" + _text_head(len(key)) + key

    def bucket(data: bytes, _space: int) -> int:
        return _digest(prefix + _text_head(len(data)) + data, 0)

    return Formula(SPACE, bucket)


def launchdarkly(*, prefix: str) -> Formula:
    """The first 60 bits of SHA-1 over prefix.unit, as a share of the highest, in 100 000 parts.

    Args:
        prefix: `key.salt` of the flag; the `seed` of the rollout if it has one.
    """
    before = hashlib.sha1(_data(f"{prefix}."), usedforsecurity=False)

    def bucket(data: bytes, space: int) -> int:
        digest = before.copy()
        digest.update(data)
        place = int(digest.hexdigest()[:_SHA1_DIGITS], 16) * space // (16**_SHA1_DIGITS - 1)
        return min(place, space - 1)  # the highest hash there is belongs to the last

    return Formula(_HUNDRED_THOUSAND, bucket, parts=_HUNDRED_THOUSAND)


def optimizely(*, parent_id: str) -> Formula:
    """h(unit + parent id, seed 1), with a range of the 10 000 parts of traffic for each variant.

    Args:
        parent_id: Id of the experiment.
    """
    suffix = _data(parent_id)

    def bucket(data: bytes, _space: int) -> int:
        return _digest(data + suffix, 1)

    return Formula(SPACE, bucket, gaps=True, parts=_TEN_THOUSAND)


def split(*, seed: int, traffic_seed: int = 0) -> Formula:
    """h(unit, seed of the flag) modulo 100, and another such hash for the traffic allocation.

    Args:
        seed: `seed` of the flag.
        traffic_seed: `trafficAllocationSeed` of the flag.
    """
    variant_seed, enrol_seed = seed % SPACE, traffic_seed % SPACE

    def bucket(data: bytes, space: int) -> int:
        return _digest(data, variant_seed) % space

    def percentile(data: bytes) -> int:
        return _digest(data, enrol_seed) % _PERCENT

    return Formula(_PERCENT, bucket, percentile, parts=_PERCENT)


def unleash(*, group_id: str, variant_group_id: str = "") -> Formula:
    """h(group:unit) modulo 100 for the gradual rollout; with another seed, modulo the weights, for the variant.

    Args:
        group_id: `groupId` of the strategy; by default there, the name of the feature.
        variant_group_id: What stands before the unit for variants, if something else does: for variants of the feature
            in place of its strategy, the name of the feature.
    """
    prefix, variant_prefix = _data(f"{group_id}:"), _data(f"{variant_group_id or group_id}:")

    def bucket(data: bytes, space: int) -> int:
        return _digest(variant_prefix + data, _UNLEASH_VARIANT_SEED) % space

    def percentile(data: bytes) -> int:
        return _digest(prefix + data, 0) % _PERCENT

    return Formula(0, bucket, percentile)


_FORMULAS: Final[Mapping[object, Callable[..., Formula]]] = {
    "flagd": flagd,
    "flagd_cbor": flagd_cbor,
    "launchdarkly": launchdarkly,
    "optimizely": optimizely,
    "split": split,
    "unleash": unleash,
}
HASH_VERSIONS: Final = get_args(HashVersion)


def formula_of(version: HashVersion, params: Mapping[str, Any], *, salt: str, by: str) -> Formula:
    """Return the formula of a hash version."""
    if version in _FORMULAS:
        return _FORMULAS[version](**params)
    prefix = hash_prefix(salt, purpose="variant", by=by)

    def bucket(data: bytes, _space: int) -> int:
        return bucket_of(prefix + data)

    return Formula(SPACE, bucket)


def checked_params(version: HashVersion, params: object, *, where: str) -> FrozenDict[str, Any]:
    """Return a read-only copy of the parameters of a formula.

    Raises:
        ConfigurationError: one is missing, unknown or of the wrong type.
    """
    if not isinstance(params, Mapping):
        raise ConfigurationError(f"{where}: hash_params must be a mapping, not {type(params).__name__}")
    given: FrozenDict[str, Any] = FrozenDict(cast("Mapping[str, Any]", params))
    known = _parameters(version)
    for name in given:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes none"
            raise ConfigurationError(f"{where}: hash_params has {name!r}; hash_version={version!r} {takes}")
    for name, parameter in known.items():
        if name not in given and parameter.default is inspect.Parameter.empty:
            raise ConfigurationError(f"{where}: hash_version={version!r} needs hash_params={{{name!r}: ...}}")
        kind = int if parameter.annotation == "int" else str
        if name in given and type(given[name]) is not kind:
            wanted = "a whole number" if kind is int else "a text"
            raise ConfigurationError(f"{where}: hash_params[{name!r}]={given[name]!r} must be {wanted}")
    return given


def _parameters(version: HashVersion) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_FORMULAS[version]).parameters if version in _FORMULAS else {}


def check_parts(weights: Sequence[int], parts: int, version: HashVersion, *, where: str) -> None:
    """Refuse weights that the other system could not have had.

    Raises:
        ConfigurationError: a weight is no whole number of its parts.
    """
    total = sum(weights)
    if parts and any(weight * parts % total for weight in weights):
        raise ConfigurationError(
            f"{where}: weights {' + '.join(map(str, weights))} are no whole parts of {parts}, in which {version} counts "
            "them: write those of the old configuration"
        )


def _text_head(length: int) -> bytes:
    """Return what CBOR puts before a text of so many bytes."""
    if length < _CBOR_SHORT:
        return bytes([_CBOR_TEXT + length])
    extra = next(extra for extra in range(4) if length < 1 << 8 * 2**extra)
    return bytes([_CBOR_TEXT + _CBOR_SHORT + extra]) + length.to_bytes(2**extra, "big")


def _data(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
