"""Policy tests: labelled cases, what a policy makes of them, and how well."""

from genai_guard.testing.cases.asserting import assert_verdict
from genai_guard.testing.cases.calibration import Calibration, ThresholdFit, calibrate, write_back
from genai_guard.testing.cases.case import Case, Expectation, ExpectedSpan, Place, ScriptedReply
from genai_guard.testing.cases.comparison import Change, PolicyDiff, compare
from genai_guard.testing.cases.evasion import EVASIONS, KEYWORD_EVASIONS, Evasion, Variation, fuzz
from genai_guard.testing.cases.reading import case_of, find_case_files, is_case_file, load_cases, read_cases
from genai_guard.testing.cases.results import CaseResult, Difference, KnownRule, Observed, Report
from genai_guard.testing.cases.running import load_policy, run_case, run_cases
from genai_guard.testing.cases.schema import cases_schema
from genai_guard.testing.cases.scores import Score, Scores, score
from genai_guard.testing.cases.show import Mark, describe_failure, marked, marks_of, printable
from genai_guard.testing.cases.variation import vary, vary_all
from genai_guard.wilson import Rate, wilson

__all__ = [
    "EVASIONS",
    "KEYWORD_EVASIONS",
    "Calibration",
    "Case",
    "CaseResult",
    "Change",
    "Difference",
    "Evasion",
    "Expectation",
    "ExpectedSpan",
    "KnownRule",
    "Mark",
    "Observed",
    "Place",
    "PolicyDiff",
    "Rate",
    "Report",
    "Score",
    "Scores",
    "ScriptedReply",
    "ThresholdFit",
    "Variation",
    "assert_verdict",
    "calibrate",
    "case_of",
    "cases_schema",
    "compare",
    "describe_failure",
    "find_case_files",
    "fuzz",
    "is_case_file",
    "load_cases",
    "load_policy",
    "marked",
    "marks_of",
    "printable",
    "read_cases",
    "run_case",
    "run_cases",
    "score",
    "vary",
    "vary_all",
    "wilson",
    "write_back",
]
