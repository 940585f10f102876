"""Reports of policy tests to be read elsewhere: a page of HTML, a file for JUnit, and JSON."""

from genai_guard.testing.report.junit import junit_report
from genai_guard.testing.report.page import html_report
from genai_guard.testing.report.values import json_report

__all__ = ["html_report", "json_report", "junit_report"]
