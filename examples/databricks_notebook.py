# Databricks notebook source
"""Takes a policy to a serving endpoint of Databricks, and keeps in this process what an endpoint does not do.

Shows an export with what is left over, the difference to what is there, the request itself, and an inference table.
Import it as a notebook, or run: python examples/databricks_notebook.py (with DATABRICKS_HOST and DATABRICKS_TOKEN)
"""

# MAGIC %md # One policy on both sides (install it first: `%pip install 'genai_guard[databricks]'`)

# COMMAND ----------

from typing import Any

from databricks.sdk import WorkspaceClient

from genai_guard import Pipeline
from genai_guard.databricks import InferenceTable, apply, diff, export_endpoint
from genai_guard.recording.drift import profile

THERE: dict[str, Any] = {"input": [{"guard": "pii", "action": "block"}], "limits": [{"requests": 600, "per": "minute"}]}
HERE: dict[str, Any] = {"input": [{"guard": "prompt_injection"}], "limits": [{"usd": 50, "per": "day"}]}
REST: dict[str, Any] = {"version": 1, "name": "support-bot", "metrics": {"log": {"path": "inference"}}}
REST["prices"] = {"gpt-5-mini": {"input_usd": 0.25, "output_usd": 2.0}}
POLICY = REST | {section: THERE[section] + HERE[section] for section in THERE}
TARGETS = {"default": "openai/gpt-5-mini@llm/openai"}  # its key is the secret `openai` of the scope `llm`

# COMMAND ----------

export = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai")
print(export)
workspace = WorkspaceClient()
print(diff(export, workspace))
apply(export, workspace)

# COMMAND ----------

# MAGIC %md ## What is not there stays here, around the calls of the endpoint

# COMMAND ----------


@Pipeline.from_policy(REST | HERE)
def ask(messages: list[dict[str, str]], *, model: str = "gpt-5-mini") -> Any:
    """Ask the endpoint, which chooses the model; the one that is named here is for the price."""
    query = {"messages": messages, "max_tokens": 200}
    return workspace.api_client.do("POST", f"/serving-endpoints/{export.name}/invocations", body=query)


print(ask([{"role": "user", "content": "When do you close?"}])["choices"][0]["message"]["content"])

# COMMAND ----------

# MAGIC %md ## The inference table, with the tools that read a log

# COMMAND ----------

if "spark" in globals():  # as in a notebook
    table = InferenceTable(globals()["spark"].table("main.ai.`support-bot_payload`").toPandas())
    print(profile(table, features=["latency_ms", "prompt_chars", "output_tokens"]))
