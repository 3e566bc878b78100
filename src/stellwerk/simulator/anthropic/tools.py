"""Reads ``tools`` and ``tool_choice``: which tools may be called, and whether one must be."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.simulator.anthropic.blocks import CacheControl
from stellwerk.simulator.anthropic.body import CountRequest, CustomTool, ToolChoice
from stellwerk.simulator.anthropic.places import converted, refusal
from stellwerk.simulator.anthropic.structured import check_strict
from stellwerk.simulator.ask import Segment, Tool
from stellwerk.simulator.tokens import count

OWN_TOOLS = re.compile(
    r"(?:advisor|bash|browser_toolset|code_execution|computer|computer_toolset|memory|text_editor|tool_search_tool_bm25"
    r"|tool_search_tool_regex|web_fetch|web_search)_20\d{6}|tool_search_tool_(?:bm25|regex)|mcp_toolset"
)
"""Types of the tools that Anthropic defines; a simulated model never calls them."""

TOOLS_TOKENS = 300
"""What the first tool costs: Anthropic puts a prompt of its own before them."""


def read_tools(request: CountRequest) -> tuple[list[CustomTool], list[Segment], list[CacheControl | None]]:
    """The caller's own tools; and all tools as parts of the prompt, with their marks. Raises ``Refusal``."""
    custom: list[CustomTool] = []
    segments: list[Segment] = []
    marks: list[CacheControl | None] = []
    names: set[str] = set()
    for index, entry in enumerate(request.tools or ()):
        place = f"tools.{index}"
        if entry.get("type") is None or entry["type"] == "custom":
            tool = converted(entry, CustomTool, f"{place}.custom")
            _check_schema(tool, place)
            custom.append(tool)
            mark = tool.cache_control
        else:
            _check_own(entry, place)
            mark = converted(entry.get("cache_control"), CacheControl | None, f"{place}.cache_control")
        if entry.get("name") in names:
            raise refusal("tools: Tool names must be unique.")
        names.add(str(entry.get("name")))
        marks.append(mark)
        canonical = msgspec.json.encode({key: value for key, value in entry.items() if key != "cache_control"})
        segments.append(Segment(canonical, count(canonical.decode()) + (TOOLS_TOKENS if index == 0 else 0)))
    return custom, segments, marks


def choose(request: CountRequest, custom: list[CustomTool]) -> tuple[tuple[Tool, ...], bool, str | None]:
    """The tools that may be called, whether one must be, and which one if that is settled. Raises ``Refusal``."""
    offered = tuple(Tool(tool.name, tool.description or "", tool.input_schema) for tool in custom)
    match request.tool_choice:
        case None:
            return offered, False, None
        case ToolChoice() if not request.tools:
            raise refusal("tool_choice: `tool_choice` may only be specified while providing `tools`.")
        case ToolChoice(type="none"):
            return (), False, None
        case ToolChoice(type="any"):
            return offered, True, None
        case ToolChoice(type="tool", name=name):
            if name not in {entry.get("name") for entry in request.tools or ()}:
                raise refusal(f"tool_choice.name: Tool '{name}' not found in provided tools.")
            return offered, True, name if name in {tool.name for tool in offered} else None
        case _:
            return offered, False, None


def _check_schema(tool: CustomTool, place: str) -> None:
    where = f"{place}.custom.input_schema"
    kind = tool.input_schema.get("type")
    if kind is None:
        raise refusal(f"{where}.type: Field required")
    if kind != "object":
        raise refusal(f"{where}.type: Input should be 'object'")
    if {"anyOf", "oneOf", "allOf"} & tool.input_schema.keys():
        raise refusal(f"{where}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    if tool.strict:
        check_strict(tool.input_schema, where)


def _check_own(entry: dict[str, Any], place: str) -> None:
    kind = entry.get("type")
    if not isinstance(kind, str) or OWN_TOOLS.fullmatch(kind) is None:
        raise refusal(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
