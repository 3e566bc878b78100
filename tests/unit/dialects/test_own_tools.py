"""Which requests may have a provider search, run code or ask somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.dialects.own_tools import runs_own_tools, searches_by_itself

FUNCTION = {"type": "function", "function": {"name": "web_search", "parameters": {"properties": {"plugins": {}}}}}
"""A caller's own tool, whatever it is called."""
OWN: list[tuple[str, dict[str, Any]]] = [
    ("openai_chat", {"tools": [FUNCTION, {"type": "web_search"}]}),
    ("openai_chat", {"tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]}),
    ("openai_chat", {"tools": [{"type": "browser_search"}]}),
    ("openai_chat", {"tools": [{"type": "openrouter:web_search"}]}),
    ("openai_chat", {"tools": [{}]}),
    ("openai_chat", {"tools": ["web_search"]}),
    ("openai_chat", {"tools": {"type": "function"}}),
    ("openai_chat", {"web_search_options": {}}),
    ("openai_chat", {"search_parameters": {"mode": "on"}}),
    ("openai_chat", {"plugins": [{"id": "web"}]}),
    ("openai_chat", {"models": ["a/dear-one"]}),
    ("openai_chat", {"enable_search": True}),
    ("openai_chat", {"data_sources": [{"type": "azure_search", "parameters": {}}]}),
    ("openai_chat", {"dataSources": [{"type": "azure_search", "parameters": {}}]}),
    ("openai_chat", {"compound_custom": {"tools": {"enabled_tools": ["web_search"]}}}),
    ("openai_chat", {"search_settings": {"include_domains": ["example.com"]}}),
    ("openai_chat", {"search_domain_filter": ["example.com"]}),
    ("openai_chat", {"search_recency_filter": "week"}),
    ("openai_responses", {"tools": [{"type": "shell", "environment": {"type": "container_auto"}}]}),
    ("openai_responses", {"tools": [{"type": "mcp", "server_url": "https://example.com"}]}),
    ("openai_responses", {"tools": [{"type": "x_search"}]}),
    ("openai_responses", {"prompt": {"id": "pmpt_1"}}),
    ("openai_responses", {"context_management": [{"type": "compaction", "compact_threshold": 1_000}]}),
    ("anthropic_messages", {"tools": [{"type": "web_search_20260209", "name": "web_search"}]}),
    ("anthropic_messages", {"tools": [{"type": "advisor_20260301", "name": "advisor"}]}),
    ("anthropic_messages", {"tools": [{"type": 7}]}),
    ("anthropic_messages", {"tools": ["bash"]}),
    ("anthropic_messages", {"tools": 7}),
    ("anthropic_messages", {"mcp_servers": [{"url": "https://example.com"}]}),
    ("anthropic_messages", {"context_management": {"edits": [{"type": "compact_20260112"}]}}),
    ("anthropic_messages", {"compaction": {"type": "enabled"}}),
    ("gemini", {"tools": [{"functionDeclarations": []}, {"enterpriseWebSearch": {}}]}),
    ("gemini", {"tools": [{"fileSearch": {"fileSearchStoreNames": ["a"]}}]}),
    ("gemini", {"tools": [{"functionDeclarations": [], "googleSearch": {}}]}),
    ("gemini", {"tools": [{"retrieval": {}}]}),
    ("bedrock_converse", {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}),
    ("bedrock_converse", {"toolConfig": 7}),
]
CALLERS: list[tuple[str, dict[str, Any]]] = [
    ("openai_chat", {"tools": [FUNCTION, {"type": "custom", "custom": {"name": "shell"}}]}),
    ("openai_chat", {"tools": None, "plugins": [], "enable_search": False}),
    ("openai_chat", {"messages": [{"content": "tools", "web_search_options": {}}]}),
    ("openai_responses", {"tools": [{"type": "function", "name": "mcp"}, {"type": "apply_patch"}], "prompt": None}),
    ("anthropic_messages", {"tools": [{"name": "web_search"}, {"type": "custom"}, {"type": "bash_20250124"}]}),
    ("anthropic_messages", {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}),
    ("gemini", {"tools": [{"functionDeclarations": [{"name": "googleSearch"}]}, {"function_declarations": []}]}),
    ("bedrock_converse", {"toolConfig": {"tools": [{"toolSpec": {}}, {"cachePoint": {}}]}}),
    ("bedrock_converse", {"toolConfig": {}}),
    ("openai_completions", {"prompt": "web_search"}),
]


@pytest.mark.parametrize(("dialect", "body"), OWN, ids=str)
def test_of_what_a_provider_may_run_itself(dialect: str, body: dict[str, Any]) -> None:
    assert runs_own_tools(dialect, json.dumps(body).encode())


@pytest.mark.parametrize(("dialect", "body"), CALLERS, ids=str)
def test_of_what_callers_run(dialect: str, body: dict[str, Any]) -> None:
    assert not runs_own_tools(dialect, json.dumps(body).encode())


def test_nothing_is_hidden_behind_a_second_member_or_numbers() -> None:
    assert runs_own_tools("openai_chat", b'{"tools":[{"type":"web_search"}],"tools":[]}')
    assert runs_own_tools("openai_chat", b'{"t\\u006fols":[{"type":"web_search"}]}')
    assert runs_own_tools("openai_chat", b'{"tools":[{"type":"web_search"}],"t\\u006fols":[]}')


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("perplexity", "sonar-pro"),
        ("perplexity", "a-new-one"),
        ("https://api.perplexity.ai", "a-new-one"),
        ("https://api.perplexity.ai/v1", "a-new-one"),
        ("openrouter", "perplexity/sonar"),
        ("groq", "groq/compound"),
        ("groq", "groq/compound-mini"),
        ("groq", "compound-beta"),
        ("groq", "compound-beta-mini"),
        ("", "gpt-4o-search-preview-2025-03-11"),
        ("", "gpt-5-search-api"),
        ("", "o4-mini-deep-research"),
        ("openrouter", "openai/gpt-5.2:online"),
    ],
)
def test_of_models_that_search_whatever_they_are_asked(host: str, model: str) -> None:
    assert searches_by_itself(host, model)


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("", "gpt-5.2"),
        ("groq", "llama-3.3-70b-versatile"),
        ("perplexity", "r1-1776"),
        ("perplexity", "pplx-embed-v1"),
        ("https://example.com/perplexity.ai", "gpt-5.2"),
        ("https://notperplexity.ai", "gpt-5.2"),
        ("openrouter", "a/resonar"),
        ("together", "research-compounds-7b"),
        ("vllm", "online"),
    ],
)
def test_of_models_that_know_what_they_know(host: str, model: str) -> None:
    assert not searches_by_itself(host, model)
