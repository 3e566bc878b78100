"""Reads ``tools`` and ``tool_choice`` of a request for a response."""

from __future__ import annotations

from typing import Any

from stellwerk.simulator.ask import Tool
from stellwerk.simulator.openai.responses.body import CustomTool, FunctionTool, ResponsesRequest
from stellwerk.simulator.openai.responses.places import chosen, converted, refusal
from stellwerk.simulator.openai.responses.strict_schema import check_strict

EMPTY_OBJECT = {"type": "object", "properties": {}}
_OWN = (
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "file_search",
    "code_interpreter",
    "image_generation",
    "computer",
    "computer_use_preview",
    "mcp",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
    "namespace",
    "programmatic_tool_calling",
)
_TOOLS: dict[str, Any] = {"function": FunctionTool, "custom": CustomTool, **dict.fromkeys(_OWN)}


def read_tools(request: ResponsesRequest) -> list[Tool]:
    """The caller's own tools; OpenAI's own are never called. Raises ``Refusal``."""
    tools: list[Tool] = []
    for index, entry in enumerate(request.tools or ()):
        place = f"tools[{index}]"
        kind = chosen(_TOOLS, entry.get("type"), f"{place}.type")
        if kind is not None:
            tools.append(_tool(converted(entry, kind, place), place))
    return tools


def choose(request: ResponsesRequest, tools: list[Tool]) -> tuple[list[Tool], bool, str | None]:
    """The tools that may be called, whether one must be, and which one if that is settled. Raises ``Refusal``."""
    choice = request.tool_choice
    if choice is None or choice == "auto":
        return tools, False, None
    if choice == "none":
        return [], False, None
    if not request.tools:
        raise refusal("Tool choices other than 'auto' and 'none' need 'tools'.", "tool_choice", "invalid_value")
    if choice == "required":
        return tools, True, None
    if not isinstance(choice, dict):
        raise refusal(f"Invalid value: '{choice}' for 'tool_choice'.", "tool_choice", "invalid_value")
    match choice:
        case {"type": "allowed_tools", "mode": "auto" | "required" as mode, "tools": list(allowed)}:
            names = {entry.get("name") for entry in allowed if isinstance(entry, dict)}
            return [tool for tool in tools if tool.name in names], mode == "required", None
        case {"type": "function" | "custom", "name": str(name)}:
            if name not in {tool.name for tool in tools}:
                raise refusal(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")
            return tools, True, name
        case {"type": "function" | "custom"}:
            param = "tool_choice.name"
            raise refusal(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
        case _:
            chosen(dict.fromkeys(_OWN), choice.get("type"), "tool_choice.type")
            return tools, False, None


def shown_tools(request: ResponsesRequest) -> list[dict[str, Any]]:
    """``tools`` as a response repeats them, with what was left out."""
    defaults = {"description": None, "parameters": None, "strict": True}
    return [{**defaults, **entry} if entry["type"] == "function" else entry for entry in request.tools or ()]


def _tool(tool: FunctionTool | CustomTool, place: str) -> Tool:
    if isinstance(tool, CustomTool):
        return Tool(tool.name, tool.description or "", None)
    if tool.strict and tool.parameters is not None:
        param = f"{place}.parameters"
        check_strict(tool.parameters, f"function '{tool.name}'", "invalid_function_parameters", param)
    return Tool(tool.name, tool.description or "", tool.parameters or EMPTY_OBJECT)
