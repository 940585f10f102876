"""What `ToolCalls` judges by: names of tools, rules about arguments, and what may not flow from tool to tool."""

from genai_guard.guards.tools.arguments import ToolArgument
from genai_guard.guards.tools.flows import ToolFlow
from genai_guard.guards.tools.names import Names

__all__ = ["Names", "ToolArgument", "ToolFlow"]
