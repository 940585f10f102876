"""Files of cases as tests of pytest."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genai_guard import Pipeline
from genai_guard.testing.cases import case_of

pytest_plugins = ["pytester"]

POLICY = """\
version: 1
input:
  - guard: pii
    entities: [EMAIL, PHONE]
    phone_regions: [DE]
    threshold: 0.99
    action: redact
  - guard: blocked_patterns
    keywords: [nightjar]
    category: PROJECT
"""
CASES = """\
policy: policy.yaml
source: mail
cases:
  - name: an address
    text: Write to bob@example.com now
    expect: redact
    spans: [{text: bob@example.com, category: EMAIL}]
    tags: [mail]
  - name: a bird
    text: the nightjar
    expect: block
    category: PROJECT
  - text: hello there
    expect: allow
"""


@pytest.fixture(scope="module", autouse=True)
def engine() -> None:
    """Load what every run inside of this one would load anew."""
    case_of({"text": "x", "expect": "allow"})
    Pipeline.from_policy({"version": 1})


@pytest.fixture
def files(pytester: pytest.Pytester) -> pytest.Pytester:
    write(pytester, policy_yaml=POLICY, my_cases_yaml=CASES)
    return pytester


def write(pytester: pytest.Pytester, **files: str) -> None:
    """Write files by their names, in which `_` stands for the dot before `cases`."""
    for name, text in files.items():
        (pytester.path / name.replace("_", ".")).write_text(text, encoding="utf-8")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("-p", "no:asyncio", *arguments)


def add(pytester: pytest.Pytester, case: str) -> None:
    path = pytester.path / "my.cases.yaml"
    path.write_text(path.read_text() + case)


def test_each_case_is_a_test(files: pytest.Pytester) -> None:
    result = run(files, "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["my.cases.yaml::an address PASSED*", "my.cases.yaml::a bird PASSED*", "my.cases.yaml::hello there PASSED*"]
    )


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".jsonl", '{"policy": "policy.yaml"}\n{"text": "nightjar", "expect": "block"}'),
        (".json", '{"policy": "policy.yaml", "cases": [{"text": "nightjar", "expect": "block"}]}'),
        (".toml", 'policy = "policy.yaml"\n[[cases]]\ntext = "nightjar"\nexpect = "block"\n'),
        (".yml", "policy: policy.yaml\ncases: [{text: nightjar, expect: block}]"),
    ],
)
def test_files_of_every_format_are_collected(pytester: pytest.Pytester, suffix: str, text: str) -> None:
    write(pytester, policy_yaml=POLICY, **{f"my_cases{suffix}": text})
    run(pytester).assert_outcomes(passed=1)


def test_other_files_are_left_alone(pytester: pytest.Pytester) -> None:
    write(pytester, policy_yaml=POLICY, cases_yaml="a: b")
    assert run(pytester).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_failure_shows_the_text_with_the_spans_marked_and_no_traceback(files: pytest.Pytester) -> None:
    add(files, "  - name: wrong\n    text: mail bob@example.com\n    expect: block\n    spans: [mail]\n")
    result = run(files)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ wrong _*",
            "my.cases.yaml:15: wrong",
            "  action    expected block, found redact",
            "  span      missing: a finding at 0-4, found nothing",
            "  span      not expected: EMAIL (pii: pii.email) at 5-20",
            "  text",
            "    mail bob@example.com",
            "    ^^^^ missing: a finding",
            "         ^^^^^^^^^^^^^^^ EMAIL (pii: pii.email) (not expected)",
            "  said by   pii: redact",
            "FAILED my.cases.yaml::wrong*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "collecting.py" not in result.stdout.str()


def test_a_broken_rule_makes_the_policy_fail(files: pytest.Pytester) -> None:
    path = files.path / "policy.yaml"
    path.write_text(path.read_text().replace("nightjar", "nightjars"))
    result = run(files)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["my.cases.yaml:9: a bird", "  action    expected block, found allow"])


def test_cases_are_selected_by_name_and_tag(files: pytest.Pytester) -> None:
    run(files, "-k", "mail and address").assert_outcomes(passed=1, deselected=2)
    run(files, "my.cases.yaml::a bird").assert_outcomes(passed=1)


def test_a_case_may_be_skipped_or_known_to_fail(files: pytest.Pytester) -> None:
    add(files, "  - {name: later, text: x, expect: block, skip: not yet}\n")
    add(files, "  - {name: known, text: x, expect: block, xfail: a gap}\n")
    add(files, "  - {name: mended, text: x, expect: allow, xfail: a gap}\n")
    result = run(files, "-rsx")
    result.assert_outcomes(passed=3, skipped=1, xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["SKIPPED * my.cases.yaml: not yet", "XFAIL my.cases.yaml::known - a gap*"])
    result.stdout.fnmatch_lines(["[[]XPASS(strict)[]] a gap"])


def test_scores_are_in_the_summary(files: pytest.Pytester) -> None:
    add(files, "  - {name: missed, text: nothing of it, category: EMAIL}\n")
    result = run(files)
    result.stdout.fnmatch_lines(
        [
            "*= policy tests =*",
            "*there  missed  not there  false  recall*precision*false positives",
            "all *3 * 1 * 1 * 0  66.7 % (20.8-93.9)*",
            "source mail *",
            "guard pii * 2 * 1 * 2 *",
            "category EMAIL * 2 * 1 *",
            "rule pii.email * 2 * 1 *",
        ]
    )


def test_a_quiet_run_has_no_scores(files: pytest.Pytester) -> None:
    result = run(files, "-q")
    assert "policy tests" not in result.stdout.str()


def test_a_run_without_cases_says_nothing_of_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    assert "policy tests" not in run(pytester).stdout.str()


def test_variations_are_tests_of_their_own(files: pytest.Pytester) -> None:
    result = run(files, "--genai-guard-fuzz", "3", "-v")
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(["my.cases.yaml::an address[[]*[]] PASSED*", "evasion *"])


def test_another_seed_makes_other_variations(files: pytest.Pytester) -> None:
    def names(seed: str) -> set[str]:
        lines = run(files, "--genai-guard-fuzz=3", f"--genai-guard-seed={seed}", "--collect-only", "-q").outlines
        return {line for line in lines if "[" in line}

    assert names("1") == names("1") != names("2")


def test_the_policy_of_the_command_line_comes_first(files: pytest.Pytester) -> None:
    write(files, other_yaml="version: 1\n")
    result = run(files, "--genai-guard-policy", "other.yaml")
    result.assert_outcomes(passed=1, failed=2)


def test_the_policy_of_the_settings_comes_last(files: pytest.Pytester) -> None:
    write(files, other_yaml="version: 1\n", your_cases_yaml="- {text: nightjar, expect: allow}")
    files.makeini("[pytest]\ngenai_guard_policy = other.yaml\n")
    run(files).assert_outcomes(passed=4)


def test_a_policy_may_be_made_in_python(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(my_policy="from genai_guard import Pipeline\npipeline = Pipeline()\n")
    write(pytester, my_cases_yaml="policy: my_policy:pipeline\ncases: [{text: x, expect: allow}]")
    run(pytester).assert_outcomes(passed=1)
    sys.modules.pop("my_policy", None)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("- text: a", "*my.cases.yaml:1: cases[[]0[]]: says nothing of what is expected*"),
        ("- {text: a, expect: allow}", "*my.cases.yaml:1: no policy to test: name one at the head of the file*"),
        ("- {text: a, expect: block, spans: [b]}", '*my.cases.yaml:1: cases[[]0[]].spans[[]0[]]: "b" does not stand*'),
        ("cases: [", "*my.cases.yaml:1:9: is not valid YAML*"),
        ("", "*my.cases.yaml: the file is empty*"),
        ("policy: no.yaml\ncases: [{text: a, expect: allow}]", "*my.cases.yaml:1: policy: there is no file*"),
        ("policy: wrong.yaml\ncases: [{text: a, expect: allow}]", "*wrong.yaml:1: versio: unknown field*"),
    ],
)
def test_a_file_that_is_wrong_is_an_error_without_a_traceback(
    pytester: pytest.Pytester, cases: str, message: str
) -> None:
    write(pytester, wrong_yaml="versio: 1\n", my_cases_yaml=cases)
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str()


def test_a_policy_that_does_not_exist_is_an_error(files: pytest.Pytester) -> None:
    result = run(files, "--genai-guard-policy", "nothing.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nothing.yaml: there is no such file*"])


def test_workers_send_their_results_to_the_summary(files: pytest.Pytester) -> None:
    result = run(files, "-n", "2", "-p", "xdist")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["all * 2 * 0 * 1 * 0  100.0 %*"])


GOOD = "".join(f"  - {{text: hello number {number}, expect: allow}}\n" for number in range(20))
MISSED = "  - {name: a number, text: my number is 030 901820, category: PHONE}\n"


@pytest.mark.parametrize(
    "arguments",
    [("--calibrate", "fpr=0.05"), ("--genai-guard-calibrate", "fpr=0.05", "-n", "2", "-p", "xdist")],
    ids=["one process", "workers"],
)
def test_thresholds_are_fitted_and_written_back(files: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    add(files, MISSED + GOOD)
    path = files.path / "policy.yaml"
    before = path.read_text()
    result = run(files, *arguments)
    result.assert_outcomes(passed=23, failed=1)
    result.stdout.fnmatch_lines(
        ["*= calibration =*", "thresholds for at most 5 % false alarms", "*policy.yaml: changed"]
    )
    after = path.read_text()
    assert after != before
    assert [line for line in after.split("\n") if "threshold" not in line] == [
        line for line in before.split("\n") if "threshold" not in line
    ]
    run(files).assert_outcomes(passed=24)


@pytest.mark.parametrize("rate", ["fpr=x", "recall=0.1", "fpr=1", "-1"])
def test_a_rate_that_is_none_is_refused(files: pytest.Pytester, rate: str) -> None:
    result = run(files, f"--calibrate={rate}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*takes a rate of false alarms such as fpr=0.01, not*"])


def test_the_engine_is_loaded_for_files_of_cases_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import sys\ndef test_a(): assert 'genai_guard.testing.cases' not in sys.modules")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:asyncio", "-q"],
        capture_output=True,
        text=True,
        check=False,
        cwd=pytester.path,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_nothing_is_collected_without_the_plugin(files: pytest.Pytester) -> None:
    assert run(files, "-p", "no:genai_guard").ret == pytest.ExitCode.NO_TESTS_COLLECTED
