"""Results of policy tests in the XML of JUnit, which machines that run tests read.

The schema is that of the Jenkins xUnit plugin. What XML 1.0 does not allow is written as an escape.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from genai_guard.testing.cases.results import CaseResult, Report
from genai_guard.testing.cases.show import describe_failure

__all__ = ["junit_report"]

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(report: Report, *, name: str = "policy", redact: bool = False) -> str:
    """Return the results as XML.

    Args:
        report: What became of the cases.
        name: Name of the suite.
        redact: Whether to leave out what is wrong with a case, but for the aspects of it: no text is shown then.
    """
    suite = ET.Element("testsuite", name=_allowed(name), time=f"{report.elapsed_s:.3f}")
    counts = {"tests": len(report), "failures": 0, "errors": 0, "skipped": 0}
    for result in report:
        kind = _kind(result)
        if kind:
            counts[kind] += 1
        _add(suite, result, redact=redact)
    suite.attrib.update({key: str(count) for key, count in counts.items()})
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(suite, encoding='unicode')}\n"


def _kind(result: CaseResult) -> str:
    if result.status in {"skipped", "xfailed"}:
        return "skipped"
    return {"failed": "failures", "xpassed": "failures", "error": "errors"}.get(result.status, "")


def _add(suite: ET.Element, result: CaseResult, *, redact: bool) -> None:
    case = result.case
    name = str(case.place) if redact else case.name or str(case.place)
    time_s = f"{result.observed.elapsed_s:.6f}"
    test = ET.SubElement(suite, "testcase", classname=_allowed(case.place.file), name=_allowed(name), time=time_s)
    kind = _kind(result)
    if kind == "skipped":
        ET.SubElement(test, "skipped", message=_allowed(case.skip or case.xfail))
    elif kind:
        aspects = ", ".join(dict.fromkeys(difference.aspect for difference in result.differences))
        element = ET.SubElement(
            test, "error" if kind == "errors" else "failure", message=_allowed(aspects or result.status)
        )
        element.text = "" if redact else _allowed(describe_failure(result))


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
