"""Tries one extra of an installed wheel: without it there is an error that names it, with it there is none.

Run by `nox -s extras`, with the interpreter of a clean environment and in an empty folder.

python -I extras_smoke.py pii without
"""

from __future__ import annotations

import sys
from textwrap import dedent

LOG = """
from genai_guard import InferenceLog, MetricsRecorder, Pipeline
from genai_guard.recording import open_log
recorder = MetricsRecorder(log=InferenceLog("calls"))
Pipeline(recorder=recorder).wrap(str.upper)("hello")
recorder.close()
log = open_log("calls")
"""
USES = {
    "databricks": """
        from genai_guard.databricks import export_endpoint, resources
        resources(export_endpoint({"version": 1}, targets={"default": "system.ai.llama@1"}))
    """,
    "delta": f"{LOG}from genai_guard.recording.exports import export_delta\nexport_delta(log, 'table')",
    "demo": "from genai_guard.demo.model import require\nrequire('openai', 'xllamacpp')",
    "fast": "from genai_guard.guards import PII\nfrom genai_guard.text.scanner import Scanner\nScanner([], engine='fast')",
    "language": "from genai_guard.guards import Language\nLanguage(['en']).check('How are you doing today, my friend?')",
    "langchain": "import genai_guard.integrations.langchain",
    "llama-index": "import genai_guard.integrations.llama_index",
    "mlflow": "import genai_guard.integrations.mlflow.model\nimport genai_guard.integrations.mlflow.traces",
    "offline": """
        from genai_guard.guards import Length
        assert Length(max_tokens=4).check("one two three").findings == ()
        from genai_guard.text.vocabulary import load
        if load("o200k_base") is None:
            raise SystemExit("no vocabulary: pip install 'genai_guard[offline]'")
    """,
    "onnx": """
        from genai_guard.guards.classifiers import OnnxClassifier
        open("model.onnx", "w").close()
        OnnxClassifier("model.onnx")
    """,
    "openfeature": "import genai_guard.routing.openfeature",
    "pandas": "from genai_guard import MetricsRecorder\nMetricsRecorder().timeseries().to_pandas()",
    "parquet": f"{LOG}from genai_guard.recording.exports import export_parquet\nexport_parquet(log, 'tables')",
    "pii": "from genai_guard.guards import PII\nassert PII(phone_regions=['DE']).check('Tel. 030 12345678').findings",
    "presidio": "from genai_guard.guards import PresidioRecogniser\nPresidioRecogniser('nowhere')",
    "prices": "from genai_guard.prices import GenAIPrices\nGenAIPrices()",
    "profanity": "from genai_guard.guards.classifiers import ProfanityClassifier\nProfanityClassifier().score('hello')",
    "prometheus": "import genai_guard.recording.prometheus",
    "pydantic-ai": "import genai_guard.integrations.pydantic_ai",
    "redis": "from genai_guard.limits.stores.redis import RedisStore\nRedisStore('redis://127.0.0.1:1/0')",
    "report": f"{LOG}from genai_guard.recording.report import report\nstr(report(log))",
    "schema": "from genai_guard.guards import JSONSchema\nJSONSchema({'type': 'object'}).check('{}')",
    "spacy": "from genai_guard.guards import SpacyRecogniser\nSpacyRecogniser('nowhere')",
    "spark": "import genai_guard.integrations.spark",
    "sql": "from genai_guard.guards import SQL\nSQL(dialect='postgres').check('select 1')",
    "timezones": """
        import zoneinfo
        zoneinfo.reset_tzpath(())
        from genai_guard import Limit
        Limit.requests(10, per="day", timezone="Europe/Berlin")
    """,
    "train": """
        from datetime import date
        from genai_guard.guards.classifiers.learned.training import train
        train([], name="none", today=date(2026, 11, 1))
    """,
    "transformers": "from genai_guard.guards.classifiers import TransformersClassifier\nTransformersClassifier('.')",
    "web": "import genai_guard.integrations.fastapi",
    "yaml": "from genai_guard import Pipeline\nopen('p.yaml', 'w').write('version: 1')\nPipeline.from_policy('p.yaml')",
}
"""What needs each extra. It may fail for another reason, where what it works on is not there: it must not name the extra."""


def main(extra: str, how: str) -> int:
    try:
        exec(dedent(USES[extra]), {})
        told = ""
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it says is looked at
        told = f"{type(error).__name__}: {error}"
    named = f"genai_guard[{extra}]" in told
    if named != (how == "without"):
        sys.stderr.write(f"{how} the extra {extra}: {told or 'no error'}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
