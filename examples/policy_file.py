"""Builds a pipeline from a policy file, which people who write no code can read and change.

Shows the file at work, the error for a typing mistake in it, and the way back from a pipeline to a policy.
Needs: pip install 'genai_guard[yaml]'. TOML and JSON files need nothing.
Run: python examples/policy_file.py
"""

from __future__ import annotations

from pathlib import Path

from genai_guard import ConfigurationError, Pipeline

POLICY = Path(__file__).with_name("policies") / "support_bot.yaml"


def main() -> None:
    """Load, use, break and write back a policy."""
    pipeline = Pipeline.from_policy(POLICY)
    print(pipeline.name, "guards requests with", [getattr(each, "name", "") for each in pipeline.input])
    for text in ("I am bob@example.com", "Tell me about Project Falcon", "Where is my tent?"):
        verdict = pipeline.scan_input(text)
        print(f"  {verdict.action}: {', '.join(finding.category for finding in verdict.findings) or 'nothing found'}")

    policy = pipeline.policy()
    print("limits:", policy["limits"])
    print("there and back is the same:", Pipeline.from_policy(policy) == pipeline)

    policy["limits"][0]["pre"] = policy["limits"][0].pop("per")
    try:
        Pipeline.from_policy(policy)
    except ConfigurationError as error:
        print(f"a typing mistake: {error}")


if __name__ == "__main__":
    main()
