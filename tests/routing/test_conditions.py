"""Targeting conditions: what they mean, what they refuse, and that the parser is closed under anything."""

from __future__ import annotations

import copy
import pickle
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.routing.conditions import Condition
from genai_guard.routing.conditions.parser import KEYWORDS, MAX_LENGTH, parse
from genai_guard.routing.conditions.tree import AllOf, AnyOf, Comparison, Has, Node, Not, written

PRO = {"plan": "pro", "age": "30", "beta": "true", "app": "2.10.0", "email": "ann@acme.example", "country": "DE"}


@pytest.mark.parametrize(
    "text",
    [
        'plan == "pro"',
        "plan == 'pro'",
        'plan != "free"',
        'country in ["DE", "AT"]',
        'country not in ["US"]',
        "age == 30",
        "age == 30.0",
        "age > 18 and age < 65",
        "age >= 30 and age <= 3e1",
        "age in [29, 30]",
        "beta",
        "beta == true",
        "beta == True",
        "beta != false",
        "not beta == false",
        "not not beta",
        'email endswith "@acme.example"',
        'email startswith "ann"',
        'email contains "@"',
        'version(app) > "2.9"',
        'version(app) == "v2.10"',
        'version(app) in ["2.10.0"]',
        'version(app) >= "2.10.0-rc.1"',
        "has(plan)",
        "not has(org)",
        'plan == "free" or country == "DE"',
        'plan == "free" and beta or country == "DE"',
        'country == "DE" and (plan == "free" or beta)',
        'plan\n  == "pro" and\n  beta',
        'plan >= "po"',
        "not (has(org) and org)",
    ],
)
def test_a_condition_is_met_by_whom_it_describes(text: str) -> None:
    assert Condition(text).met_by(PRO)
    assert Condition(text).met_by(Caller(tags=PRO))


@pytest.mark.parametrize(
    "text",
    [
        'plan == "PRO"',
        'country in ["US"]',
        "age > 30",
        "not beta",
        "beta == false",
        'version(app) < "2.9"',
        'version(app) < "2.10.0-rc.1"',
        "has(org)",
        'plan == "pro" and country == "US"',
        'plan == "free" and (country == "DE" or beta)',
    ],
)
def test_and_not_by_others(text: str) -> None:
    assert not Condition(text).met_by(PRO)


@pytest.mark.parametrize(
    "text", ['org == "acme"', 'org != "acme"', "not org", 'org not in ["acme"]', 'not (org == "acme")', "seats > 3"]
)
def test_what_is_not_known_of_a_caller_lets_nobody_in(text: str) -> None:
    assert Condition(text).test(Caller(tags=PRO)) is None
    assert not Condition(text).met_by(PRO)
    assert Condition(text).missing(PRO) == (next(iter(Condition(text).attributes)),)


def test_what_is_known_decides_where_it_can() -> None:
    assert Condition('plan == "pro" or org == "acme"').test(Caller(tags=PRO)) is True
    assert Condition('plan == "free" and org == "acme"').test(Caller(tags=PRO)) is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a > 18", "old"),
        ("a > 18", ""),
        ("a > 18", " 19"),
        ("a > 18", "nan"),
        ("a > 18", float("nan")),
        ("a > 18", float("inf")),
        ("a > 18", "1e999"),
        ("a > 18", "9" * 65),
        ("a > 18", "١٩"),
        ("a > 18", True),
        ("a", "yes"),
        ("a", 1),
        ('version(a) > "1"', "latest"),
        ('version(a) > "1"', 2),
        ('a == "x"', ["x"]),
        ('a == "x"', None),
        ('a in ["x"]', {}),
    ],
)
def test_a_value_of_another_kind_is_as_good_as_none(text: str, value: object) -> None:
    condition = Condition(text)
    assert not condition.met_by({"a": value})
    assert condition.missing({"a": value}) == ("a",)


@pytest.mark.parametrize(
    ("text", "value"),
    [("a == 42", 42), ('a == "42"', 42), ("a == 0.5", 0.5), ("a", True), ("a == 9007199254740993", "9007199254740993")],
)
def test_values_may_have_types_of_their_own(text: str, value: object) -> None:
    assert Condition(text).met_by({"a": value})


def test_the_fields_of_a_caller_are_attributes() -> None:
    who = Caller("u-42", "acme", "s-1", "r-1")
    assert Condition('user == "u-42" and tenant == "acme" and session == "s-1" and request == "r-1"').met_by(who)
    assert Condition('user == "u-42"').missing(Caller()) == ("user",)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.0.0-alpha", "1.0.0-alpha.1"),
        ("1.0.0-alpha.1", "1.0.0-alpha.beta"),
        ("1.0.0-beta.2", "1.0.0-beta.11"),
        ("1.0.0-rc.1", "1.0.0"),
        ("1.9", "1.10"),
        ("2", "2.0.1"),
    ],
)  # the order of semver.org, section 11
def test_versions_are_ordered_as_semantic_versioning_has_it(lower: str, higher: str) -> None:
    assert Condition(f'version(app) < "{higher}"').met_by({"app": lower})
    assert not Condition(f'version(app) >= "{higher}"').met_by({"app": lower})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: expected the name of an attribute, not the end"),
        ('plan = "pro"', "column 6: '=' is no part of a condition: write '=='"),
        ("a && b", "column 3: '&' is no part of a condition: write 'and'"),
        ("a AND b", "column 3: expected 'and', 'or' or the end, not 'AND': write 'and'"),
        ("plan == pro", "column 9: expected a text, number, true or false, not 'pro': a text stands in quotes"),
        ('"pro" == plan', "column 1: expected the name of an attribute, which stands first"),
        ('plan == "pro', "column 9: a text begins here that does not end"),
        ('age > "18"', "column 7: > would compare texts letter by letter: take the quotes away"),
        ('app > "2.1.0"', "column 7: > would compare texts letter by letter: write version(app) > ..."),
        ("beta > true", "column 8: > does not compare truth values"),
        ("app == 2.1.0", "column 8: no number, and a version or date stands in quotes"),
        ("version(app)", "column 13: expected a comparison with version(app)"),
        ('version(app) > "new"', "column 16: expected a version in quotes"),
        ('a in ["x", 1]', "column 12: a list holds texts, numbers or truth values, and not several"),
        ("a in []", "column 7: expected a text, number, true or false, not ']'"),
        ('a == 1 and a == "x"', "column 12: a is compared as text here, and as number before"),
        ('a == ""', "column 6: an empty text is no value"),
        ("a == 1e999", "column 6: a number this large is not taken"),
        ('a == "\\q"', "column 7: expected"),
        ('a == 1 or\n  b == "x', "line 2, column 8: a text begins here"),
        ("(a", "column 3: expected ')', not the end"),
        ("not " * 33 + "a", "column 133: more than 32 brackets and 'not' within each other"),
        ("(" * 100_000, "has 100000 characters; at most 16384 are taken"),
        ("a.__class__ == 1 and __import__('os')", "column 32: expected 'and', 'or' or the end, not '('"),
        ("café == 1", "column 4: 'é' is no part of a condition"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Condition(text)
    assert message in str(error.value)


def test_something_else_than_a_text_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be a text, not int"):
        Condition(42)  # type: ignore[arg-type]


def test_an_attribute_must_be_declared_where_attributes_are() -> None:
    condition = Condition('plan == "pro" and age > 18 and user != "u-1" and has(org)')
    condition.check({"plan": "text", "age": "number", "org": "bool"})
    condition.check(["plan", "age", "org"])
    with pytest.raises(
        ConfigurationError, match=r"^Experiment\('x'\): the attribute org is not declared; there are age"
    ):
        condition.check({"plan": "text", "age": "number"}, where="Experiment('x')")
    with pytest.raises(ConfigurationError, match="the attribute plan is not declared: did you mean plans"):
        condition.check(["plans", "age", "org"])
    with pytest.raises(ConfigurationError, match="age is declared as text, and compared as number"):
        condition.check({"plan": "text", "age": "text", "org": "text"})


def test_equal_conditions_are_written_alike() -> None:
    one, other = Condition('a=="x"and(b or(c))'), Condition("a == 'x' and (b or c)")
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == str(one) == one.text == 'a == "x" and (b or c)'
    assert Condition(one) == one != Condition("a")
    assert one != one.text
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one


def test_a_condition_that_grows_too_long_when_written_out_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at most 16384"):
        Condition("a in[" + "1," * ((MAX_LENGTH - 10) // 2) + "1]" + ' and b in ["' + '","'.join("xy") + '"]')


NAMES = st.sampled_from(["a", "app-version", "x.y", "_1", "nothing", "android"])
TEXTS = st.text(st.characters(codec=None), min_size=1, max_size=6)
NUMBERS = st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=3).map(lambda found: tuple(dict.fromkeys(found)))


LEAVES = st.one_of(
    st.builds(Has, NAMES.map("h{}".format)),
    st.builds(Comparison, NAMES.map("t{}".format), st.just("text"), st.sampled_from(["==", "!=", "contains"]), TEXTS),
    st.builds(Comparison, NAMES.map("t{}".format), st.just("text"), st.sampled_from(["in", "not in"]), _several(TEXTS)),
    st.builds(Comparison, NAMES.map("n{}".format), st.just("number"), st.sampled_from(["==", "<", ">="]), NUMBERS),
    st.builds(Comparison, NAMES.map("n{}".format), st.just("number"), st.just("in"), _several(NUMBERS)),
    st.builds(Comparison, NAMES.map("b{}".format), st.just("bool"), st.sampled_from(["==", "!="]), st.booleans()),
    st.builds(
        Comparison, NAMES.map("t{}".format), st.just("version"), st.just(">"), st.sampled_from(["1.2", "2.0.0-rc.1"])
    ),
)


def _of(kind: Any, inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    others = inner.filter(lambda node: not isinstance(node, kind))  # which the parser would flatten
    return st.lists(others, min_size=2, max_size=3).map(lambda nodes: kind(tuple(nodes)))


TREES = st.recursive(LEAVES, lambda inner: st.builds(Not, inner) | _of(AllOf, inner) | _of(AnyOf, inner), max_leaves=5)


@settings(max_examples=60)
@given(TREES)
def test_what_is_written_is_parsed_again(tree: Node) -> None:
    text = written(tree)
    assert written(parse(text)) == text
    assert repr(parse(text)) == repr(tree)


PIECES = st.lists(
    st.sampled_from(
        [*KEYWORDS, *"()[],<>=!&|\"'\\", "==", "!=", "<=", "a", "b", "app-x.y", '"x"', "1", "2.5", " ", "\n", "é"]
    )
    | st.text(max_size=3),
    max_size=14,
)


@settings(max_examples=250)
@given(PIECES.map(" ".join) | PIECES.map("".join))
def test_any_text_is_a_condition_or_refused_with_its_column(text: str) -> None:
    try:
        condition = Condition(text)
    except ConfigurationError as error:
        assert "column " in str(error)  # noqa: PT017  it may also be a condition
    else:
        assert Condition(condition.text) == condition
        assert condition.test(Caller()) in {True, False, None}


def kleene(node: Node, who: Caller) -> float:
    """Return 0, 1 or the half between, of which `and` is the least, `or` the greatest and `not` the rest to 1."""
    match node:
        case Not(inner):
            return 1 - kleene(inner, who)
        case AllOf(nodes):
            return min(kleene(each, who) for each in nodes)
        case AnyOf(nodes):
            return max(kleene(each, who) for each in nodes)
        case _:
            return {None: 0.5, False: 0, True: 1}[Condition(written(node)).test(who)]


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["1.2", "true", "7"])
)


@settings(max_examples=60)
@given(TREES, st.data())
def test_conditions_are_joined_by_the_logic_of_three_values(tree: Node, data: st.DataObject) -> None:
    condition = Condition(written(tree))
    tags = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(condition.attributes, VALUES)))
    who = Caller(tags=cast("dict[str, str]", tags))
    assert {None: 0.5, False: 0, True: 1}[condition.test(who)] == kleene(tree, who)


@settings(max_examples=60)
@given(TREES, st.data())
def test_no_value_of_an_attribute_raises(tree: Node, data: st.DataObject) -> None:
    condition = Condition(written(tree))
    attributes = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(condition.attributes, VALUES)))
    truth = condition.test(Caller(tags=cast("dict[str, str]", attributes)))
    assert condition.met_by(attributes) is (truth is True)
    if not condition.missing(attributes):
        assert truth is not None
    if truth is not None:
        assert Condition(f"not ({condition})").test(Caller(tags=cast("dict[str, str]", attributes))) is not truth
