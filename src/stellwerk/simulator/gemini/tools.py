"""The functions of a request, and which of them may or must be called."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from stellwerk.simulator.ask import Tool
from stellwerk.simulator.gemini.schema import json_schema
from stellwerk.simulator.refusal import Refusal

NO_PARAMETERS = {"type": "object", "properties": {}}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_PLACE = "tools[{}].function_declarations[{}]"


def declared(tools: list[dict[str, Any]]) -> list[Tool]:
    """The functions that are declared. Raises ``Refusal`` for names and schemas that the API refuses."""
    made: list[Tool] = []
    for number, entry in enumerate(tools):
        if not entry:
            raise Refusal(400, f"* GenerateContentRequest.tools[{number}].tool_type: required one_of must be set\n")
        for position, declaration in enumerate(entry.get("functionDeclarations", ())):
            made.append(_tool(declaration, _PLACE.format(number, position)))
    twice = [name for name, times in Counter([tool.name for tool in made]).items() if times > 1]
    if twice:
        raise Refusal(400, f"Duplicate function declaration found: {twice[0]}")
    return made


def choose(tools: list[Tool], calling: dict[str, Any]) -> tuple[list[Tool], bool]:
    """The functions that a ``functionCallingConfig`` leaves to be called, and whether one must be."""
    if not calling:
        return tools, False
    if not tools:
        raise Refusal(400, "Function calling config is set without function_declarations.")
    mode, allowed = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames", [])
    if allowed and mode not in {"ANY", "VALIDATED"}:
        raise Refusal(400, "Allowed function names should only be set when the mode is ANY or VALIDATED.")
    for name in allowed:
        if name not in {tool.name for tool in tools}:
            raise Refusal(400, f"Allowed function name {name!r} is not among the function declarations.")
    offered = [tool for tool in tools if not allowed or tool.name in allowed]
    return ([], False) if mode == "NONE" else (offered, mode == "ANY")


def _tool(declaration: dict[str, Any], place: str) -> Tool:
    name = declaration.get("name", "")
    if _NAME.fullmatch(name) is None:
        rule = "Invalid function name. Must start with a letter or an underscore, then letters, digits and _ . : -"
        raise Refusal(400, f"* GenerateContentRequest.{place}.name: [{rule}, of at most 64.]\n")
    if "parameters" in declaration and "parametersJsonSchema" in declaration:
        reason = "parameters and parameters_json_schema: only one of them may be set"
        raise Refusal(400, f"* GenerateContentRequest.{place}.{reason}\n")
    parameters: Any = NO_PARAMETERS
    if "parameters" in declaration:
        if declaration["parameters"].get("type") != "OBJECT":
            raise Refusal(400, f"* GenerateContentRequest.{place}.parameters.type: schema should be of type OBJECT\n")
        parameters = json_schema(declaration["parameters"], f"{place}.parameters")
    elif "parametersJsonSchema" in declaration:
        parameters = declaration["parametersJsonSchema"]
        if not isinstance(parameters, dict) or parameters.get("type", "object") != "object":
            reason = "parameters_json_schema: schema should be an object schema"
            raise Refusal(400, f"* GenerateContentRequest.{place}.{reason}\n")
    return Tool(name, declaration.get("description", ""), parameters)
