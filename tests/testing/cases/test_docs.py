"""The example of the reference passes with a policy for it."""

from __future__ import annotations

import re
from pathlib import Path

from genai_guard.testing.cases import load_cases, run_cases
from genai_guard.testing.cases.written import Defaults, WrittenCase, WrittenCases

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs/reference/policy-tests.md").read_text(encoding="utf-8")
POLICY = """\
version: 1
input: [{guard: pii, action: redact}]
output: [{guard: pii, action: redact}]
limits: [{requests: 3, per: minute}]
experiments:
  - {name: models, variants: [{name: small}, {name: large}], overrides: {tester: large}}
"""


def example() -> str:
    """Return the cases that the reference shows."""
    found = re.search(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_reference_passes(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "x.cases.yaml").write_text(example(), encoding="utf-8")
    report = run_cases(None, load_cases(tmp_path))
    assert [result.status for result in report] == ["passed"] * 4


def test_the_reference_has_every_field() -> None:
    fields = {name for part in (Defaults, WrittenCase, WrittenCases) for name in part.__dataclass_fields__}
    assert [name for name in sorted(fields) if f"`{name}`" not in REFERENCE] == ["schema"]
    assert '"$schema"' in REFERENCE
