"""What is wrong with a policy is said with its file, line and field, and with what would be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline, guards

KINDS = ", ".join(
    f'"{kind}"' for kind in sorted({getattr(getattr(guards, name), "kind", "") for name in guards.__all__} - {""})
)
"""Every guard that a policy can name; one made of a function is none."""


def problems_of(policy: object) -> list[str]:
    """What is wrong with a policy, one line each."""
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(policy)  # type: ignore[arg-type]
    return [line.removeprefix("policy: ") for line in str(raised.value).splitlines()]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"limts": []}, 'limts: unknown field: did you mean "limits"?'),
        ({"zzz": 1}, 'zzz: unknown field; there are "version", "$schema", "name", "input"'),
        ({"version": 2}, "version: must be 1, not 2"),
        ({"version": "1"}, 'version: must be 1, not "1"'),
        ({"version": True}, "version: must be a number, not true"),
        ({"name": 5}, "name: must be text, not 5: put it in quotes"),
        ({"name": True}, "name: must be text, not true: put it in quotes"),
        ({"limits": None}, "limits: must be a list, not nothing"),
        ({"limits": {"requests": 5}}, "limits: must be a list, not a mapping"),
        ({"input": ["pii"]}, 'input[0]: must be a mapping such as {guard: pii}, not "pii"'),
        ({"input": [{"guard": "pi"}]}, f"input[0].guard: must be one of {KINDS}"),
        ({"input": [{"guard": "pi"}]}, 'not "pi": did you mean "pii"?'),
        ({"input": [{"guard": ["pii"]}]}, f"input[0].guard: must be one of {KINDS}, not a list"),
        ({"input": [{"gaurd": "pii"}]}, 'input[0].gaurd: unknown field: did you mean "guard"?'),
        ({"input": [{}]}, 'input[0]: has no "guard", which must be one of "all_of"'),
        ({"input": [{"guard": "pii", "aktion": "flag"}]}, 'input[0].aktion: unknown field: did you mean "action"?'),
        ({"input": [{"guard": "pii", "action": "flog"}]}, 'not "flog": did you mean "flag"?'),
        ({"input": [{"guard": "pii", "action": "truncate"}]}, "input[0].action: must be one of "),
        ({"input": [{"guard": "pii", "entities": ["EMIAL"]}]}, "input[0].entities: "),
        (
            {"input": [{"guard": "pii", "entities": "EMAIL"}]},
            'input[0].entities: must be a list, not "EMAIL": write ["EMAIL"]',
        ),
        ({"input": [{"guard": "length"}]}, "input[0]: "),
        ({"input": [{"guard": "length", "max_tokens": 0}]}, "input[0].max_tokens: "),
        (
            {"input": [{"guard": "length", "max_tokens": "40"}]},
            'must be a whole number, not "40": take the quotes away',
        ),
        ({"input": [{"guard": "length", "max_tokens": 1.5}]}, "must be a whole number, not 1.5"),
        ({"input": [{"guard": "blocked_patterns", "regexes": ["("]}]}, "input[0].regexes: "),
        (
            {"output": [{"guard": "blocked_patterns", "keywords": ["a", 1]}]},
            "output[0].keywords[1]: must be text, not 1",
        ),
        ({"limits": [{"requests": 0, "per": "minute"}]}, "limits[0].requests: "),
        ({"limits": [{"requests": True, "per": "minute"}]}, "limits[0].requests: must be a whole number, not true"),
        (
            {"limits": [{"requests": 5}]},
            'limits[0].per: is missing: it must be one of "second", "minute", "hour", "day", "month"',
        ),
        ({"limits": [{"requests": 5, "per": "minit"}]}, 'not "minit": did you mean "minute"?'),
        ({"limits": [{"request": 5, "per": "day"}]}, 'limits[0].request: unknown field: did you mean "requests"?'),
        ({"limits": [{"per": "day"}]}, 'limits[0]: has none of "requests", "tokens"'),
        (
            {"limits": [{"requests": 5, "tokens": 5, "per": "day"}]},
            "limits[0].tokens: requests and tokens are limited apart",
        ),
        ({"limits": [5]}, 'limits[0]: must be a mapping with one of "requests", "tokens", "input_tokens", '),
        ({"limits": [{"tokens": 5, "per": "day", "burst": 5}]}, "limits[0].burst: unknown field"),
        ({"experiments": [{"name": "a b", "variants": [{"name": "x"}]}]}, "experiments[0].name: "),
        ({"experiments": [{"name": "a"}]}, "experiments[0]: "),
        ({"experiments": [{"name": "a", "variants": []}]}, "experiments[0]: "),
        (
            {"experiments": [{"name": "a", "variants": [{"name": "x", "weight": 0}]}]},
            "experiments[0].variants[0].weight: ",
        ),
        (
            {"experiments": [{"name": "a", "variants": [{"name": "x", "weight": -1}]}]},
            "must be a whole number above zero",
        ),
        ({"experiments": [{"name": "a", "variants": [{"name": "x"}, {"name": "x"}]}]}, "2 variants are called 'x'"),
        (
            {"experiments": [{"name": "a", "variants": [{"name": "x", "target": "f"}]}]},
            "variants[0].target: must be an import reference",
        ),
        ({"metrics": {"alert": []}}, 'metrics.alert: unknown field: did you mean "alerts"?'),
        ({"metrics": {"alerts": [{"alert": "budgit"}]}}, 'not "budgit": did you mean "budget"?'),
        ({"metrics": {"alerts": [{"alert": "budget"}]}}, "metrics.alerts[0]: "),
        ({"metrics": {"alerts": [{"alert": "error_rate", "above": 7}]}}, "metrics.alerts[0].above: "),
        (
            {"metrics": {"alerts": [{"alert": "latency_p99"}]}},
            "metrics.alerts[0].above_ms: is missing: it must be a number",
        ),
        ({"metrics": {"log": {}}}, "metrics.log.path: is missing: it must be text"),
        ({"metrics": {"max_series": 0}}, "metrics.max_series: "),
        ({"prices": {"gpt-4.1": {"input_usd": -1, "output_usd": 2}}}, 'prices["gpt-4.1"].input_usd: '),
        ({"prices": {"small": [1, 2]}}, "prices.small: must be a mapping, not a list"),
        ({"expected_output_tokens": -1}, "expected_output_tokens: "),
        ({"name": float("nan")}, "name: must be a finite number, not nan"),
        ({"name": object()}, "name: is an object of type object which has no place in a policy"),
        ({"prices": {1: 2}}, "prices: has a key that is 1: put it in quotes"),
        ({"name": "x" * 30, "version": "y" * 500}, f'not "{"y" * 40}..."'),
    ],
)
def test_a_mistake_is_named_with_its_field_and_the_remedy(policy: dict[str, Any], expected: str) -> None:
    (problem,) = problems_of({"version": 1, **policy})
    assert expected in problem


def test_a_missing_version_is_named() -> None:
    assert problems_of({"name": "x"}) == ["version: is missing: it must be 1"]


def test_every_mistake_is_reported_at_once() -> None:
    policy = {
        "version": 1,
        "limts": [],
        "input": [{"guard": "length"}, {"guard": "pii", "action": "x", "mode": "y"}],
        "limits": [{"requests": 0, "per": "minute"}],
        "metrics": {"alerts": [{"alert": "budget"}]},
    }
    fields = {line.split(": ")[0] for line in problems_of(policy)}
    assert fields == {
        "limts",
        "input[0]",
        "input[1].action",
        "input[1].mode",
        "limits[0].requests",
        "metrics.alerts[0]",
    }


def test_of_very_many_mistakes_the_first_hundred_are_listed() -> None:
    lines = problems_of({"version": 1, "input": [{}] * 1000})
    assert len(lines) == 101
    assert lines[-1] == "and 900 more"


@pytest.mark.parametrize(
    ("policy", "field", "both"),
    [
        ({"input": [{"guard": "pii"}, {"guard": "length", "max_chars": 1}, {"guard": "pii"}]}, "input[2]", '"pii"'),
        (
            {"output": [{"guard": "pii", "name": "a"}, {"guard": "length", "max_chars": 1, "name": "a"}]},
            "output[1]",
            '"a"',
        ),
        (
            {"limits": [{"requests": 5, "per": "minute"}, {"requests": 9, "per": "minute", "name": "b"}]},
            "limits[1]",
            "requests per minute of all calls together",
        ),
        (
            {"limits": [{"tokens": 5, "per": "day", "by": "user"}, {"tokens": 9, "per": "day", "by": "user"}]},
            "limits[1]",
            "tokens per day by user",
        ),
        (
            {"experiments": [{"name": "a", "variants": [{"name": "x"}]}, {"name": "a", "variants": [{"name": "y"}]}]},
            "experiments[1]",
            '"a"',
        ),
    ],
)
def test_entries_that_contradict_each_other_are_both_named(policy: Mapping[str, Any], field: str, both: str) -> None:
    (problem,) = problems_of({"version": 1, **policy})
    section, index = field.rstrip("]").split("[")
    assert problem.startswith(f"{field}: {section}[")
    assert f" and {section}[{index}] both " in problem or f" and {section}[{index}] are both " in problem
    assert both in problem


def test_limits_that_differ_in_period_key_unit_or_mode_go_together() -> None:
    limits = [
        {"requests": 5, "per": "minute"},
        {"requests": 50, "per": "hour"},
        {"tokens": 500, "per": "minute"},
        {"requests": 2, "per": "minute", "by": "user"},
        {"requests": 3, "per": "minute", "mode": "shadow", "name": "stricter"},
    ]
    pipeline = Pipeline.from_policy({"version": 1, "limits": limits})
    assert pipeline.limiter is not None
    assert len(pipeline.limiter.limits) == 5


def test_what_the_parts_say_about_each_other_is_placed_in_their_section() -> None:
    experiments = [{"name": name, "variants": [{"name": "x", "params": {"model": name}}]} for name in "ab"]
    (problem,) = problems_of({"version": 1, "experiments": experiments})
    assert problem.startswith("experiments: experiments 'a' and 'b' both set the parameter 'model'")


def test_two_alerts_of_one_name_are_refused() -> None:
    alerts = [{"alert": "guardrail_hits"}, {"alert": "guardrail_hits"}]
    (problem,) = problems_of({"version": 1, "metrics": {"alerts": alerts}})
    assert problem.startswith("metrics")
    assert "guardrail_hits" in problem


@pytest.mark.parametrize("source", [None, 5, [], object(), b"policy.yaml"])
def test_what_is_no_policy_is_refused(source: object) -> None:
    (problem,) = problems_of(source)
    assert problem.startswith("a policy is the path of a file or a mapping, not ")


@pytest.mark.parametrize(("name", "text"), [("p.json", "[1]"), ("p.yaml", "- 1"), ("p.yaml", "x")])
def test_a_file_that_holds_no_mapping_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    (problem,) = problems_of(path)
    assert re.fullmatch(r'.*p\.\w+: must be a mapping, not (a list|"x")', problem)


def test_a_mapping_that_contains_itself_is_refused() -> None:
    policy: dict[str, Any] = {"version": 1}
    policy["prices"] = {"a": policy}
    (problem,) = problems_of(policy)
    assert "nested too deeply" in problem


def test_the_value_of_a_secret_is_not_repeated() -> None:
    (problem,) = problems_of(
        {"version": 1, "input": [{"guard": "pii", "action": "hash", "hash_key": 1234567890123456}]}
    )
    assert problem == "input[0].hash_key: must be text, or {env: NAME} for what an environment variable holds"


FAULTY = {
    "policy.yaml": "version: 1\ninput:\n  - guard: pii\n    action: redcat\nlimits:\n  - {requests: 5,\n     per: minit}\nlimts: []\n",
    "policy.toml": (
        'version = 1\nlimts = []\n\n[[input]]\nguard = "pii"\naction = "redcat"\n\n[[limits]]\nrequests = 5\nper = "minit"\n'
    ),
    "policy.json": (
        '{"version": 1,\n"input": [{"guard": "pii",\n"action": "redcat"}],\n"limits": [\n{"requests": 5,\n"per": "minit"}],\n'
        '"limts": []}'
    ),
}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("policy.yaml", {"input[0].action": 4, "limits[0].per": 7, "limts": 8}),
        ("policy.toml", {"limts": 2, "input[0].action": 6, "limits[0].per": 10}),
        ("policy.json", {"input[0].action": 3, "limits[0].per": 6, "limts": 7}),
    ],
)
def test_mistakes_are_reported_in_the_order_of_the_file_with_their_lines(
    tmp_path: Path, name: str, lines: dict[str, int]
) -> None:
    path = tmp_path / name
    path.write_text(FAULTY[name])
    begun = [problem.partition(": must")[0].partition(": unknown")[0] for problem in problems_of(path)]
    assert begun == [f"{path}:{line}: {field}" for field, line in lines.items()]


def test_what_a_part_refuses_has_the_line_of_the_parameter(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nexperiments:\n- name: a\n  variants:\n  - name: x\n  - name: y\n    weight: 0\n")
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}:7: experiments[0].variants[1].weight: ")


def test_a_policy_that_is_wrong_leaves_no_trace_of_pydantic() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy({"version": 1, "input": [{"guard": "pii", "action": 3}]})
    assert raised.value.__suppress_context__
    assert "pydantic" not in str(raised.value)
