"""Whether a request has a provider do more than answer: search, run code, ask somebody else. That costs what it costs.

Tools are told by what they may be, not by what they may not: of a name that is new, nobody knows who runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from stellwerk.dialects.thin_reading import UNSET, Value, counted, read_thin
from stellwerk.errors import InvalidRequest

_Known: TypeAlias = tuple[tuple[str, ...], Callable[[bytes], Any], Callable[[Any], bool]]
_SEARCHING = re.compile(
    r"(?:^|/)sonar(?:$|[-:])|(?:^|/)compound(?:-beta)?(?:-mini)?$|-search-(?:preview|api)|deep-research|:online$"
)
"""Models that search whatever they are asked: Perplexity's, Groq's, OpenAI's, and any by OpenRouter's suffix."""
_PERPLEXITY = re.compile(r"^perplexity$|^https?://(?:[\w-]+\.)*perplexity\.ai(?:[:/]|$)")
_OFFLINE = re.compile(r"r1-1776|embed")


def searches_by_itself(host: str, model: str) -> bool:
    """Whether a model looks things up that it is not told, unless it is told not to.

    ``host`` is a known host's name or a base URL, ``model`` the name by which it is asked there.
    """
    name = model.lower()
    is_searching_host = _PERPLEXITY.search(host.lower()) is not None and _OFFLINE.search(name) is None
    return is_searching_host or _SEARCHING.search(name) is not None


def has_own_tools(dialect: str, members: Mapping[str, Any]) -> bool:
    """``runs_own_tools`` of a request that has been read, in which no name stands twice."""
    known = _DIALECTS.get(dialect)
    return known is not None and _runs(known, [members.get(name, UNSET) for name in known[0]])


def runs_own_tools(dialect: str, body: bytes) -> bool:
    """Whether the provider may work with tools of its own, as far as the request says. ``body`` is a JSON object."""
    known = _DIALECTS.get(dialect)
    if known is None:
        return False
    names, decode, _ = known
    try:
        wire = read_thin(body, decode, names, max_depth=len(body))
    except InvalidRequest:  # a member stands twice: nobody knows which one counts
        return True
    return _runs(known, [getattr(wire, name) for name in names])


def _runs(known: _Known, values: list[Any]) -> bool:
    names, _, tools_of = known
    tools, *others = values
    if any(map(_is_said, names[1:], others)):
        return True
    return tools is not UNSET and tools is not None and not tools_of(tools)


def _is_said(name: str, value: Any) -> bool:
    if value is UNSET or value is None or value is False or value == []:
        return False
    # Of a long prompt parts can be left out, which costs nothing; or it is retold, which is an answer of its own.
    return name != "context_management" or b"compact" in msgspec.json.encode(value)


def _typed(*types: str | None) -> Callable[[Any], bool]:
    """Whether each tool is of one of these types. ``None`` stands for those that do not say."""

    def are_callers(tools: Any) -> bool:
        return type(tools) is list and all(type(one) is dict and one.get("type") in types for one in tools)

    return are_callers


def _keyed(*names: str) -> Callable[[Any], bool]:
    """Whether each tool is but one of these."""

    def are_callers(tools: Any) -> bool:
        return type(tools) is list and all(type(one) is dict and one.keys() <= set(names) for one in tools)

    return are_callers


def _anthropic(tools: Any) -> bool:
    """Callers' own, and those that Anthropic has described and callers run, which have a date in their types."""
    begins = ("bash_", "text_editor_", "computer_", "memory_")
    types = [one.get("type") if type(one) is dict else 0 for one in tools] if type(tools) is list else [0]
    return all(one is None or one == "custom" or (type(one) is str and one.startswith(begins)) for one in types)


def _bedrock(config: Any) -> bool:
    return type(config) is dict and _keyed("toolSpec", "cachePoint")(config.get("tools", []))


def _dialect(tools_of: Callable[[Any], bool], *names: str) -> _Known:
    wire = msgspec.defstruct("Wire", [(name, Value, UNSET) for name in names], gc=False)
    return names, msgspec.json.Decoder(wire, dec_hook=counted).decode, tools_of


_DIALECTS = {
    # OpenAI's searching models, xAI's live search, OpenRouter's plugins and dearer stand-ins, Qwen's search; Azure's
    # "on your data", under both of its names; Groq's compound systems; Perplexity's search.
    "openai_chat": _dialect(
        _typed("function", "custom"),
        "tools",
        "web_search_options",
        "search_parameters",
        "plugins",
        "models",
        "enable_search",
        "data_sources",
        "dataSources",
        "compound_custom",
        "search_settings",
        "include_domains",
        "exclude_domains",
        "search_domain_filter",
        "search_language_filter",
        "search_recency_filter",
        "search_after_date_filter",
        "search_before_date_filter",
        "last_updated_after_filter",
        "last_updated_before_filter",
        "search_mode",
        "enable_search_classifier",
        "return_images",
        "return_related_questions",
    ),
    # A stored prompt may come with tools, and what shortens a long prompt is a further answer that is paid.
    "openai_responses": _dialect(
        _typed("function", "custom", "local_shell", "apply_patch"), "tools", "prompt", "context_management"
    ),
    "anthropic_messages": _dialect(_anthropic, "tools", "mcp_servers", "context_management", "compaction"),
    "gemini": _dialect(_keyed("functionDeclarations", "function_declarations"), "tools"),
    "bedrock_converse": _dialect(_bedrock, "toolConfig"),
}
"""Members that matter, the tools first; how they are read; and whether tools are callers' own."""
