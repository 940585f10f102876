"""Cases through policies: what is asked, what comes out, and what is said where it is not as expected."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genai_guard import (
    ConfigurationError,
    Experiment,
    ExperimentRouter,
    InferenceLog,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimiter,
    Variant,
)
from genai_guard.guards import PII, BlockedPatterns, JSONSchema, Length, escalate, guard, when
from genai_guard.routing import Schedule
from genai_guard.testing.cases import CaseResult, case_of, load_cases, load_policy, run_case, run_cases
from genai_guard.verdicts import Action, Verdict

WORDS = BlockedPatterns(["nightjar"], category="PROJECT")
POLICY = Pipeline(
    input=[PII(action="redact"), WORDS],
    output=[PII(action="redact", name="replies"), BlockedPatterns(["kingfisher"])],
    limiter=RateLimiter(Limit.requests(3, per="minute"), Limit.requests(2, per="minute", by="user")),
    router=ExperimentRouter(
        Experiment("models", Variant("small", params={"model": "s"}), Variant("large"), overrides={"vip": "large"})
    ),
)


DAILY = Pipeline(limiter=RateLimiter(Limit.requests(1, per="day", calendar=True, name="daily")))


def run(pipeline: Pipeline = POLICY, **fields: Any) -> CaseResult:
    return run_case(pipeline, case_of(fields))


def aspects(result: CaseResult) -> list[str]:
    return [difference.aspect for difference in result.differences]


PASSING: list[dict[str, Any]] = [
    {"text": "hello", "expect": "allow"},
    {"text": "hello", "categories": []},
    {"text": "hello", "spans": []},
    {"text": "I am bob@example.com", "expect": "redact", "category": "EMAIL", "redacted": "I am [EMAIL]"},
    {"text": "I am bob@example.com", "spans": [{"text": "bob@example.com", "category": "EMAIL", "rule": "pii.email", "guard": "pii"}]},
    {"text": "I am bob@example.com", "rule": "pii.email"},
    {"text": "the nightjar", "expect": "block", "category": "PROJECT"},
    {"text": "the nightjar of bob@example.com", "expect": "block", "categories": ["PROJECT", "EMAIL"]},
    {"text": "the nightjar of bob@example.com", "category": "EMAIL", "others": True},
    {"text": "the nightjar of bob@example.com", "spans": ["nightjar"], "others": True},
    {"text": "the nightjar of bob@example.com", "guard": "pii", "expect": "redact"},
    {"text": "hello", "expect": {"not": "block"}},
    {"text": "a kingfisher", "expect": "allow"},
    {"text": "a kingfisher", "side": "output", "expect": "block"},
    {"text": "bob@example.com", "side": "output", "redacted": "[EMAIL]", "spans": ["bob@example.com"]},
    {"text": "hi", "reply": "ask bob@example.com", "redacted": "hi", "redacted_reply": "ask [EMAIL]"},
    {"text": "hi", "reply": "a kingfisher", "expect": "block"},
    {"text": "hi", "reply": "a kingfisher", "spans": [{"text": "kingfisher", "where": "reply"}]},
    {"text": "hi", "calls": 2, "caller": {"user": "u"}},
    {"text": "hi", "calls": 3, "limit": "2 requests/minute by user", "guard": "pii"},
    {"text": "hi", "calls": 3, "limit": "2 requests/minute by user", "caller": {"user": "u"}},
    {"text": "hi", "calls": 9, "every_s": 61, "caller": {"user": "u"}},
    {"text": "hi", "variant": "large", "caller": {"user": "vip"}},
    {"text": "hi", "variant": {"models": "large"}, "caller": {"user": "vip"}},
]  # fmt: skip


@pytest.mark.parametrize("fields", PASSING, ids=str)
def test_what_is_as_expected_passes(fields: dict[str, Any]) -> None:
    assert (aspects(run(**fields)), run(**fields).status) == ([], "passed")


FAILING: list[tuple[dict[str, Any], list[str]]] = [
    ({"text": "hello", "expect": "block"}, ["action"]),
    ({"text": "the nightjar", "expect": "allow"}, ["action"]),
    ({"text": "the nightjar", "expect": {"not": "block"}}, ["action"]),
    ({"text": "hello", "category": "EMAIL"}, ["category"]),
    ({"text": "bob@example.com", "categories": []}, ["category"]),
    ({"text": "hello", "rule": "pii.email"}, ["rule"]),
    ({"text": "hello", "spans": ["hell"]}, ["span"]),
    ({"text": "bob@example.com", "spans": []}, ["span"]),
    ({"text": "bob@example.com", "spans": ["bob"]}, ["span", "span"]),
    ({"text": "bob@example.com", "spans": [{"text": "bob@example.com", "category": "URL"}]}, ["span", "span"]),
    ({"text": "bob@example.com", "redacted": "[MAIL]"}, ["redacted"]),
    ({"text": "the nightjar", "redacted": "the [PROJECT]"}, ["redacted"]),
    ({"text": "hi", "reply": "bob@example.com", "redacted_reply": "x"}, ["redacted_reply"]),
    ({"text": "hi", "variant": "small", "caller": {"user": "vip"}}, ["variant"]),
    ({"text": "hi", "variant": "small"}, ["variant"]),
    ({"text": "hi", "calls": 4, "caller": {"user": "u"}}, ["limit"]),
    ({"text": "hi", "calls": 2, "limit": "2 requests/minute by user"}, ["limit"]),
    ({"text": "hi", "calls": 4, "limit": "2 requests/minute by user"}, ["limit"]),
    ({"text": "hi", "calls": 3, "limit": "3 requests/minute"}, ["limit"]),
]


@pytest.mark.parametrize(("fields", "wrong"), FAILING, ids=str)
def test_what_is_not_as_expected_fails_and_says_in_what(fields: dict[str, Any], wrong: list[str]) -> None:
    result = run(**fields)
    assert (result.status, aspects(result)) == ("failed", wrong)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"guard": "pi"}, 'no guard is named "pi" among the input guards: did you mean "pii"?'),
        ({"guard": "replies"}, 'no guard is named "replies" among the input guards'),
        (
            {"limit": "3 requests/minut"},
            'the policy has no limit "3 requests/minut": did you mean "3 requests/minute"?',
        ),
        ({"variant": "tiny"}, 'the policy has no variant "tiny"; there are "small", "large"'),
        ({"variant": {"model": "small"}}, 'the policy has no experiment "model": did you mean "models"?'),
    ],
)
def test_a_label_that_the_policy_cannot_meet_is_an_error(fields: dict[str, Any], message: str) -> None:
    result = run(text="hi", expect="allow", **fields)
    assert result.status == "error"
    assert message in result.problem


def test_a_case_that_is_skipped_is_not_run() -> None:
    result = run(text="hi", expect="block", guard="no such", skip="later")
    assert (result.status, result.ok) == ("skipped", True)


@pytest.mark.parametrize(("expect", "status", "ok"), [("block", "xfailed", True), ("allow", "xpassed", False)])
def test_a_case_that_is_known_to_fail_has_to(expect: str, status: str, ok: bool) -> None:
    result = run(text="hi", expect=expect, xfail="not yet")
    assert (result.status, result.ok) == (status, ok)


def test_a_conversation_is_judged_in_all_its_texts() -> None:
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "mail bob"},
        {"role": "assistant", "tool_calls": [{"name": "find", "arguments": {"name": "bob"}}]},
        {"role": "tool", "content": "bob@example.com"},
    ]
    result = run(
        messages=messages,
        expect="redact",
        spans=[{"text": "bob@example.com", "where": "messages[3].content"}],
        redacted="[EMAIL]",
    )
    assert aspects(result) == []
    assert list(result.observed.texts) == [
        "messages[0].content",
        "messages[1].content",
        "messages[2].tool_calls[0].function.arguments",
        "messages[3].content",
    ]


def test_a_tool_that_the_model_calls_is_judged() -> None:
    reply = {"text": "wait", "tool_calls": [{"name": "mail", "arguments": {"to": "bob@example.com"}}]}
    result = run(text="hi", reply=reply, category="EMAIL", expect="redact")
    assert aspects(result) == []
    assert result.observed.reply_after == 'wait\n{"to": "[EMAIL]"}'


@pytest.mark.parametrize(("replies", "ok"), [(["no", '{"a": 1}'], True), (["no", "no"], False), ("no", False)])
def test_a_model_that_is_asked_again_may_answer_otherwise(replies: Any, ok: bool) -> None:
    schema = {"type": "object", "required": ["a"]}
    pipeline = Pipeline(output=[JSONSchema(schema, max_reasks=1)])
    result = run(pipeline, text="give me a", reply=replies, redacted="give me a", redacted_reply='{"a": 1}')
    assert result.ok is ok


def test_the_role_of_a_text_is_told_to_the_guards() -> None:
    seen: list[str] = []

    class Roles:
        def check(self, text: str) -> Verdict:
            return Verdict(Action.ALLOW, text)

        def check_parts(self, parts: Any) -> list[Verdict]:
            seen.extend(f"{part.role} {part.kind}" for part in parts)
            return []

        def meter(self) -> Any: ...

    run_case(Pipeline(input=[Roles()]), case_of({"text": "hi", "role": "tool", "expect": "allow"}))
    assert seen == ["tool result"]


def test_a_guard_in_shadow_mode_is_found_and_does_not_act() -> None:
    pipeline = Pipeline(input=[BlockedPatterns(["nightjar"], mode="shadow", category="PROJECT")])
    assert run(pipeline, text="nightjar", expect="allow", category="PROJECT").ok
    assert run(pipeline, text="nightjar", expect="block", guard="blocked_patterns").ok


def test_a_guard_that_breaks_is_told() -> None:
    @guard
    def broken(text: str) -> bool:
        raise TimeoutError

    result = run(Pipeline(input=[broken]), text="hi", spans=[])
    assert (aspects(result), result.observed.error) == (["error"], "TimeoutError")
    assert run(Pipeline(input=[broken]), text="hi", expect="error").ok
    (difference,) = run(Pipeline(input=[broken]), text="hi", expect="allow").differences
    assert difference.found == "error (TimeoutError)"


@guard
async def slow(text: str) -> bool:
    await asyncio.sleep(0)
    return "nightjar" in text


def test_asynchronous_guards_are_awaited() -> None:
    pipeline = Pipeline(input=[slow])
    assert run(pipeline, text="nightjar", expect="block").ok
    assert run_cases(pipeline, [case_of({"text": text, "expect": "allow"}) for text in ("a", "b")]).ok


async def test_a_case_runs_where_a_loop_is_running_already() -> None:
    assert run(Pipeline(input=[slow]), text="nightjar", expect="block").ok


def test_cases_leave_nothing_behind_for_the_next() -> None:
    case = case_of({"text": "hi", "calls": 2, "caller": {"user": "u"}})
    assert run_cases(POLICY, [case] * 5).ok


def test_cases_may_run_in_several_threads() -> None:
    cases = [case_of({"text": f"u{number}@example.com", "redacted": "[EMAIL]"}) for number in range(50)]
    cases += [case_of({"text": f"number {number}", "redacted": f"number {number}"}) for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        assert all(result.ok for result in pool.map(lambda case: run_case(POLICY, case), cases))


def test_no_log_is_written_and_no_target_is_called(tmp_path: Path) -> None:
    called: list[str] = []
    pipeline = Pipeline(
        recorder=MetricsRecorder(log=InferenceLog(tmp_path / "log")),
        router=ExperimentRouter(
            Experiment("e", Variant("a", target=called.append), Variant("b", target=called.append))
        ),
    )
    assert run(pipeline, text="hi", reply="yes", redacted_reply="yes").ok
    assert (called, list(tmp_path.iterdir())) == ([], [])


def test_progress_is_told_of_each_result() -> None:
    told: list[tuple[str, int, int]] = []
    cases = [case_of({"text": text, "expect": "allow"}) for text in ("hi", "nightjar")]
    report = run_cases(POLICY, cases, progress=lambda result, done, total: told.append((result.status, done, total)))
    assert told == [("passed", 1, 2), ("failed", 2, 2)]
    assert (report.ok, len(report), report.count("passed"), [each.case.name for each in report.failures]) == (
        False,
        2,
        1,
        ["nightjar"],
    )


def test_what_escalates_begins_anew_in_every_case() -> None:
    flagged = BlockedPatterns(["nightjar"], action="flag")
    pipeline = Pipeline(input=[when(escalate(flagged, after=3), role="user")])
    said = [{"role": "user", "content": f"the nightjar, for the {count}th time"} for count in range(3)]
    session = {"caller": {"session": "s"}}
    cases = [
        case_of({"messages": said[:2], "expect": "flag", **session}),
        case_of({"messages": said, "expect": "block", **session}),
        case_of({"messages": said[1:], "expect": "flag", "guard": "blocked_patterns", **session}),
    ]
    assert [result.status for result in run_cases(pipeline, cases)] == ["passed"] * 3


def test_a_guard_for_one_variant_is_asked_in_that_variant() -> None:
    router = ExperimentRouter(Experiment("e", Variant("a"), Variant("b"), overrides={"x": "a", "y": "b"}))
    pipeline = Pipeline(input=[when(WORDS, variant="b")], router=router)
    assert run(pipeline, text="nightjar", expect="allow", caller={"user": "x"}).ok
    assert run(pipeline, text="nightjar", expect="block", caller={"user": "y"}).ok


def test_a_sticky_experiment_keeps_nothing_from_case_to_case() -> None:
    class Store:
        def get(self, key: object, /) -> str:
            raise AssertionError

        set: Any = get

    router = ExperimentRouter(Experiment("e", Variant("a"), sticky=True), sticky=Store())
    assert run(Pipeline(router=router), text="hi", variant="a", caller={"user": "u"}).ok
    assert router.sticky is not None
    assert router.sticky.health.failed == 0


def test_an_experiment_runs_whatever_its_schedule_says() -> None:
    ended = Experiment("e", Variant("a"), schedule=Schedule(end="2020-01-01T00:00Z"))
    assert run(Pipeline(router=ExperimentRouter(ended)), text="hi", variant="a", caller={"user": "u"}).ok


@pytest.mark.parametrize("hours", [25, 1, 13])
def test_days_of_limits_by_the_calendar_go_by_the_clock_of_the_case(hours: int) -> None:
    result = run(DAILY, text="hi", calls=2, every_s=3_600 * hours)
    assert result.observed is not None
    assert result.observed.denied_by == ("" if hours > 11 else "daily")


# --- policies ---------------------------------------------------------------------------------------------------------


def test_each_file_is_tested_with_the_policy_that_it_names(tmp_path: Path) -> None:
    for name, word in (("a", "nightjar"), ("b", "kingfisher")):
        (tmp_path / f"{name}.yaml").write_text(f"version: 1\ninput: [{{guard: blocked_patterns, keywords: [{word}]}}]")
        text = f"policy: {name}.yaml\nexpect: block\ncases: [{{text: {word}}}]"
        (tmp_path / f"{name}.cases.yaml").write_text(text)
    cases = load_cases(tmp_path)
    assert run_cases(None, cases).ok
    assert run_case(None, cases[0]).ok
    assert run_cases(Pipeline(), cases).count("failed") == 2


def test_a_case_without_a_policy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no policy to test: name one at the head of the file"):
        run_cases(None, [case_of({"text": "hi", "expect": "allow"})])


def test_a_policy_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load_policy(tmp_path / "policy.yaml")


def test_what_is_no_pipeline_is_refused() -> None:
    nothing: Any = "policy.yaml"
    with pytest.raises(ConfigurationError, match="cases are run through a Pipeline, not an object of type str"):
        run_case(nothing, case_of({"text": "hi", "expect": "allow"}))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    source = "from genai_guard import Pipeline\npipeline = Pipeline(name='mine')\nmake = lambda: pipeline\nother = 3\n"
    (tmp_path / "my_policies.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("my_policies", None)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("name", ["pipeline", "make"])
def test_a_policy_may_be_made_in_python(name: str) -> None:
    path = list(sys.path)
    assert load_policy(f"my_policies:{name}").name == "mine"
    assert sys.path == path


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("my_policies:other", "my_policies:other: is no Pipeline but an object of type int"),
        ("my_policies:nothing", "my_policies:nothing: cannot be imported: there is no 'nothing' in my_policies"),
        ("my_policy:nothing", "my_policy:nothing: cannot be imported: there is no module 'my_policy'"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(reference: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_policy(reference)


def test_the_length_of_a_whole_conversation_is_judged() -> None:
    pipeline = Pipeline(input=[Length(max_chars=10)])
    messages = [{"role": "user", "content": "eight ch"}, {"role": "user", "content": "eight ch"}]
    assert run(pipeline, messages=messages, expect="block").ok
