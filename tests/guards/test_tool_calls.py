from __future__ import annotations

import pickle
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import Pipeline
from genai_guard.errors import ConfigurationError
from genai_guard.guards import ToolArgument, ToolCalls, ToolFlow
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.messages import Part, Request
from genai_guard.verdicts import Action, Verdict
from guards.tool_calls_texts import ASKED, FLOWS, INBOX, NO_FLOWS, PASSES, POLICY, REFUSED

GUARD = ToolCalls(**POLICY)
PLACE = "response.choices[0].message.tool_calls[{}].function.arguments"
SECRET = "bob@elsewhere.example"


def call(name: str, arguments: str = "{}", at: int = 0, choice: int = 0) -> Part:
    where = PLACE.format(at).replace("choices[0]", f"choices[{choice}]")
    return Part(arguments, "assistant", "arguments", where, name)


def judged(guard: ToolCalls, name: str, arguments: str = "{}", context: Context | None = None) -> Verdict:
    return guard.check_part(call(name, arguments), context or Context("output"))


def rules(verdict: Verdict) -> list[str]:
    return [finding.rule.removeprefix("tool_calls.") for finding in verdict.findings]


@pytest.mark.parametrize(("name", "arguments"), PASSES)
def test_a_call_that_may_be_made_passes(name: str, arguments: str) -> None:
    verdict = judged(GUARD, name, arguments)
    assert (verdict.action, verdict.text, verdict.findings) == (Action.ALLOW, arguments, ())


@pytest.mark.parametrize(("name", "arguments", "rule"), REFUSED)
def test_a_call_that_may_not_be_made_is_blocked(name: str, arguments: str, rule: str) -> None:
    verdict = judged(GUARD, name, arguments)
    assert verdict.action is Action.BLOCK
    assert rule in rules(verdict)
    assert verdict.feedback.startswith("Your call of a tool was refused:\n- ")


def test_there_are_calls_enough() -> None:
    assert len({*PASSES}) >= 60
    assert len({*REFUSED}) >= 30


def test_findings_point_into_the_arguments_and_tell_nothing_of_them() -> None:
    verdict = judged(GUARD, "send_email", f'{{"to": "{SECRET}", "{SECRET}": 1}}')
    assert verdict.findings[0].detail == "has an argument to that names no allowed host"
    assert verdict.findings[0].category == "TOOL_ARGUMENTS"
    assert verdict.findings[0].where == PLACE.format(0)
    assert SECRET not in repr(verdict)


def test_a_name_that_the_model_made_up_is_in_no_finding() -> None:
    verdict = judged(GUARD, SECRET)
    assert rules(verdict) == ["not_allowed"]
    assert SECRET not in repr(verdict)
    assert SECRET in verdict.feedback


def test_what_a_schema_has_against_arguments_is_told_without_them() -> None:
    schema = {"additionalProperties": {"type": "integer"}, "properties": {"n": {"maximum": 3}}}
    verdict = judged(ToolCalls(schemas={"f": schema}), "f", f'{{"n": 9001, "{SECRET}": "x"}}')
    assert {found.detail for found in verdict.findings} == {
        'has wrong arguments: /* must be of type "integer"',
        "has wrong arguments: /n must be at most 3",
    }
    assert SECRET not in repr(verdict)


def test_without_a_list_of_what_is_allowed_all_is_that_is_not_denied() -> None:
    guard = ToolCalls(deny=["rm"])
    assert judged(guard, "anything").action is Action.ALLOW
    assert judged(guard, "rm").action is Action.BLOCK
    assert judged(guard, "RM").action is Action.BLOCK


def test_an_empty_list_allows_no_tool() -> None:
    assert judged(ToolCalls([]), "search").action is Action.BLOCK


def test_a_flag_lets_the_call_pass() -> None:
    assert judged(ToolCalls([], action="flag"), "search").action is Action.FLAG


def test_alone_it_knows_no_name() -> None:
    assert ToolCalls(deny=["rm"]).check("{}").action is Action.ALLOW
    assert ToolCalls(["search"]).check("{}").action is Action.BLOCK
    assert rules(ToolCalls(deny=["rm"]).check("{")) == ["not_json"]


def test_it_is_a_guard_of_arguments_and_of_nothing_else() -> None:
    guard = ToolCalls([])
    assert isinstance(guard, ContextGuard)
    assert guard.kinds == {"arguments"}
    assert guard.check_part(Part("hi", "assistant"), Context("output")).action is Action.ALLOW


def test_text_of_a_custom_tool_is_no_json_and_needs_not_be() -> None:
    guard = ToolCalls(rules={"python": {"": ToolArgument(max_chars=10)}})
    where = "response.choices[0].message.tool_calls[0].custom.input"
    short, long = (Part(text, "assistant", "arguments", where, "python") for text in ("print(1)", "print(12345)"))
    assert guard.check_part(short, Context("output")).action is Action.ALLOW
    assert rules(guard.check_part(long, Context("output"))) == ["argument"]


@pytest.mark.parametrize(
    ("path", "arguments", "passes"),
    [
        ("a/b", '{"a": {"b": 1}}', True),
        ("a/b", '{"a": {"b": 9}}', False),
        ("a/b", '{"b": 9}', True),
        ("a/*", '{"a": {"b": 1, "c": 9}}', False),
        ("a/*/b", '{"a": [{"b": 1}, {"b": 9}]}', False),
        ("*", '{"x": 1, "y": 2}', True),
        ("a/0", '{"a": [9]}', False),
    ],
)
def test_a_path_leads_to_the_values_that_a_rule_is_about(path: str, arguments: str, *, passes: bool) -> None:
    guard = ToolCalls(rules={"f": {path: ToolArgument(maximum=5)}})
    assert (judged(guard, "f", arguments).action is Action.ALLOW) is passes


def test_an_argument_that_is_required_must_be_there() -> None:
    guard = ToolCalls(rules={"f": {"to": ToolArgument(required=True)}})
    assert judged(guard, "f", '{"to": null}').action is Action.ALLOW
    assert [found.detail for found in judged(guard, "f", "").findings] == ["lacks the argument to"]


def test_several_entries_that_fit_a_tool_hold_all() -> None:
    guard = ToolCalls(
        rules={"f*": {"n": ToolArgument(maximum=5)}, "*": {"n": ToolArgument(minimum=2)}},
        schemas={"*f": {"required": ["n"]}},
    )
    assert rules(judged(guard, "ff", '{"n": 1}')) == ["argument"]
    assert rules(judged(guard, "ff", '{"n": 6}')) == ["argument"]
    assert rules(judged(guard, "ff", "{}")) == ["schema"]
    assert judged(guard, "ff", '{"n": 3}').action is Action.ALLOW


def turn(*names: str, choice: int = 0) -> tuple[Part, ...]:
    return tuple(call(name, "{}", at, choice) for at, name in enumerate(names))


def counted(guard: ToolCalls, parts: tuple[Part, ...]) -> list[list[str]]:
    return [rules(guard.check_part(part, Context("output", parts=parts))) for part in parts]


def streamed(guard: ToolCalls, parts: tuple[Part, ...]) -> list[list[str]]:
    return [rules(guard.check_part(part, Context("output", parts=parts[: at + 1]))) for at, part in enumerate(parts)]


@pytest.mark.parametrize("judge", [counted, streamed])
def test_the_calls_of_a_turn_are_counted(judge: Any) -> None:
    said = Part("I will.", "assistant", "text", "response.choices[0].message.content")
    guard = ToolCalls(max_per_turn=2)
    assert judge(guard, (said, *turn("a", "b"))) == [[], [], []]
    assert judge(guard, (said, *turn("a", "b", "a"))) == [[], [], [], ["max_per_turn"]]


@pytest.mark.parametrize("judge", [counted, streamed])
def test_the_calls_of_a_tool_are_counted(judge: Any) -> None:
    guard = ToolCalls(max_per_tool={"send_*": 1, "rm": 0})
    assert judge(guard, turn("send_a", "read", "read", "send_b")) == [[], [], [], ["max_per_tool"]]
    assert judge(guard, turn("rm")) == [["max_per_tool"]]


def test_each_choice_is_a_turn_of_its_own() -> None:
    parts = (*turn("a", "b"), *turn("a", "b", choice=1))
    assert counted(ToolCalls(max_per_turn=2), parts) == [[], [], [], []]


def test_in_a_request_each_message_is_a_turn_of_its_own() -> None:
    parts = tuple(
        Part("{}", "assistant", "arguments", f"messages[{at}].tool_calls[{number}].function.arguments", "a")
        for at, number in ((1, 0), (3, 0), (3, 1))
    )
    guard = ToolCalls(max_per_turn=1)
    assert [rules(guard.check_part(part, Context("input", parts=parts))) for part in parts] == [
        [],
        [],
        ["max_per_turn"],
    ]


def asked(*results: str, source: str = "read_inbox", said: str = ASKED) -> Context:
    parts = [
        Part(said),
        *(Part(text, "tool", "result", f"messages[{at}]", source) for at, text in enumerate(results, 2)),
    ]
    return Context("output", Request(tuple(parts)))


FLOW = ToolCalls(flows=[("read_*", "send_*")])


@pytest.mark.parametrize("arguments", FLOWS)
def test_data_of_one_tool_does_not_flow_into_another(arguments: str) -> None:
    verdict = judged(FLOW, "send_email", arguments, asked(INBOX))
    assert verdict.action is Action.BLOCK
    assert {found.category for found in verdict.findings} == {"TOOL_FLOW"}
    assert "elsewhere" not in repr(verdict)


@pytest.mark.parametrize("arguments", NO_FLOWS)
def test_what_is_not_out_of_the_tool_alone_flows(arguments: str) -> None:
    assert judged(FLOW, "send_email", arguments, asked(INBOX)).action is Action.ALLOW


def test_a_finding_is_the_value_that_holds_the_data() -> None:
    arguments = '{"subject": "x", "to": "mallory@elsewhere.example"}'
    (finding,) = judged(FLOW, "send_email", arguments, asked(INBOX)).findings
    assert finding.of(arguments) == '"mallory@elsewhere.example"'
    assert finding.detail == "holds an address, number or identifier that came out of 'read_*'"


def test_a_flow_is_one_way_between_two_tools() -> None:
    assert judged(FLOW, "read_inbox", FLOWS[0], asked(INBOX)).action is Action.ALLOW
    assert judged(FLOW, "send_email", FLOWS[0], asked(INBOX, source="search")).action is Action.ALLOW
    assert judged(FLOW, "send_email", FLOWS[0], asked()).action is Action.ALLOW


def test_results_that_are_json_are_read() -> None:
    result = '{"body": "We meet at the \\"Blue\\nDoor\\" caf\\u00e9 at noon."}'
    assert judged(FLOW, "send_sms", '{"text": "Meet at the \\"Blue Door\\" café at noon."}', asked(result)).blocked


def test_how_long_a_run_counts_can_be_said() -> None:
    arguments = '{"body": "see the attached plan"}'
    result = "Please see the attached plan."
    assert not judged(FLOW, "send_email", arguments, asked(result)).blocked
    assert judged(ToolCalls(flows=[ToolFlow("*", "*", 16)]), "send_email", arguments, asked(result)).blocked


def test_in_very_long_arguments_runs_are_found_too() -> None:
    words = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(10_000))
    run = "we meet behind the old mill at noon, bring the blue case"
    arguments = f'{{"body": "{words * 6} {run} {words}"}}'
    assert len(arguments) > 500_000
    (finding,) = judged(FLOW, "send_email", arguments, asked(f"Tell nobody: {run}.")).findings
    assert finding.detail == "holds text that came out of 'read_*'"


def test_requests_are_not_looked_at_for_flows() -> None:
    context = Context("input", asked(INBOX).request)
    assert not judged(FLOW, "send_email", FLOWS[0], context).blocked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "has nothing to judge by"),
        ({"max_reasks": 3}, "has nothing to judge by"),
        ({"allow": "search"}, r"allow=\.\.\.\) takes a list of names of tools, not str"),
        ({"allow": ["a", 3]}, "item 1 is no name of a tool"),
        ({"deny": [" "]}, "item 0 is no name of a tool"),
        ({"deny": ["*a*b*c*"]}, "more than three"),
        ({"allow": ["a"], "deny": ["a"]}, "'a' is allowed and denied"),
        ({"schemas": [1]}, "takes a mapping by the names of tools, not list"),
        ({"schemas": {"f": {"type": "nope"}}}, r"ToolCalls\(schemas\['f'\]\): JSONSchema\(\): not a schema"),
        ({"schemas": {"f": {"minimum": 2, "maximum": 1}}}, "nothing can satisfy"),
        ({"rules": {"f": ["to"]}}, r"rules\['f'\]\) is a mapping by the names of arguments, not list"),
        ({"rules": {"f": {"to": {"host": ["a.example"]}}}}, "a mapping of one_of, regex"),
        ({"rules": {"f": {"to": {}}}}, "has no rule"),
        ({"rules": {"f": {"to": {"one_of": "ab"}}}}, r"one_of=\.\.\.\) takes a list, not str"),
        ({"rules": {"f": {"to": {"regex": "("}}}}, "regex=...\\) is not valid"),
        ({"rules": {"f": {"to": {"regex": "(a+)+"}}}}, "repeats a repetition"),
        ({"rules": {"f": {"to": {"minimum": 2, "maximum": 1}}}}, "lets no number pass"),
        ({"rules": {"f": {"to": {"minimum": "2"}}}}, "must be a number, not str"),
        ({"rules": {"f": {"to": {"maximum": float("nan")}}}}, "must be a number"),
        ({"rules": {"f": {"to": {"max_chars": -1}}}}, "max_chars=-1"),
        ({"rules": {"f": {"to": {"under": ["../x"]}}}}, "item 0 is no folder"),
        ({"rules": {"f": {"to": {"under": [""]}}}}, "item 0 is no folder"),
        ({"rules": {"f": {"to": {"hosts": ["https://a.example"]}}}}, "item 0 is no host"),
        ({"rules": {"f": {"to": {"hosts": ["a@a.example"]}}}}, "item 0 is no host"),
        ({"rules": {"f": {"to": {"hosts": ["*"]}}}}, "item 0 is no host"),
        ({"max_per_turn": -1}, "max_per_turn=-1"),
        ({"max_per_turn": 1.5}, "max_per_turn=1.5"),
        ({"max_per_tool": {"f": True}}, "max_per_tool"),
        ({"flows": "ab"}, "takes a list of ToolFlow, not str"),
        ({"flows": ["ab"]}, "item 0 is no ToolFlow"),
        ({"flows": [("a", "")]}, r"ToolFlow\(target="),
        ({"flows": [("a", "b")], "max_reasks": -1}, "max_reasks=-1"),
        ({"allow": ["a"], "action": "redact"}, "action='redact'"),
    ],
)
def test_parameters_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ToolCalls(**arguments)


@pytest.mark.parametrize("chars", [7, 0, 8.0, True])
def test_a_run_of_a_few_characters_is_no_flow(chars: Any) -> None:
    with pytest.raises(ConfigurationError, match="min_chars"):
        ToolFlow("a", "b", chars)


def test_a_guard_is_a_value() -> None:
    again = pickle.loads(pickle.dumps(GUARD))
    assert again == GUARD == ToolCalls(**POLICY)
    assert hash(again) == hash(GUARD)
    assert judged(again, "ping", "[1]") == judged(GUARD, "ping", "[1]")
    assert ToolCalls(["ping"]) != GUARD


@pytest.mark.parametrize(
    "unit", ["a", "a%", ".", "..", "/", "../", "@", "a@", "a@a.", "1 ", "1", "%25", "http://", "\\\\", "a.b "]
)
def test_arguments_are_judged_in_linear_time(unit: str) -> None:
    half = unit * (12_000 // len(unit))
    guard = ToolCalls(
        rules={
            "send": {
                "path": ToolArgument(under=["/srv"]),
                "to": ToolArgument(hosts=["a.example"]),
                "r": ToolArgument(regex=r"[\w.]{0,40}@\w+"),
            }
        },
        flows=[("read", "send")],
    )

    def run(text: str) -> None:
        arguments = f'{{"path": "{text}", "to": "{text}", "r": "{text}"}}'
        judged(guard, "send", arguments, asked(text, source="read", said=text))

    assert not grows_faster(run, half.__mul__)


def test_a_policy_file_says_all_of_it() -> None:
    entry = {
        "guard": "tool_calls",
        "allow": ["open", "read_inbox"],
        "schemas": {"open": {"type": "object"}},
        "rules": {"open": {"path": {"one_of": ["a", 1, True], "under": ["/srv"]}}},
        "max_per_tool": {"*": 2},
        "flows": [{"source": "read_inbox", "target": "open"}],
    }
    pipeline = Pipeline.from_policy({"version": 1, "output": [entry]})
    assert pipeline.policy()["output"] == [entry]
    (guard,) = pipeline.output
    assert isinstance(guard, ToolCalls)
    assert guard.rules == {"open": {"path": ToolArgument(one_of=["a", 1, True], under=["/srv"])}}


def test_a_misspelt_rule_in_a_policy_file_is_found() -> None:
    entry = {"guard": "tool_calls", "rules": {"open": {"path": {"undr": ["/srv"]}}}}
    with pytest.raises(ConfigurationError, match=r'rules\.open\.path\.undr: unknown field: did you mean "under"\?'):
        Pipeline.from_policy({"version": 1, "output": [entry]})
