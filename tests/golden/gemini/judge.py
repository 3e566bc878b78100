"""What Google's own SDK thinks: requests and replies in its types, streams through its client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
from google import genai
from google.genai import types


def judge_request(wire: dict[str, Any]) -> None:
    """Every part of a request in Google's own types, which forbid what they do not know."""
    for content in [*wire["contents"], *([wire["systemInstruction"]] if "systemInstruction" in wire else [])]:
        types.Content.model_validate(content)
    for tool in wire.get("tools", ()):
        types.Tool.model_validate(tool)
    if "toolConfig" in wire:
        types.ToolConfig.model_validate(wire["toolConfig"])
    if "generationConfig" in wire:
        types.GenerationConfig.model_validate(wire["generationConfig"])


def judge_reply(wire: dict[str, Any]) -> None:
    """A reply in Google's own type."""
    # The SDK's type has this name alone; Google's REST API has sent both.
    for candidate in wire.get("candidates", ()):
        metadata = candidate.get("citationMetadata")
        if metadata is not None and "citationSources" in metadata:
            metadata["citations"] = metadata.pop("citationSources")
    types.GenerateContentResponse.model_validate(wire)


def sdk_chunks(body: bytes) -> Iterator[types.GenerateContentResponse]:
    """What the official client makes of a stream's bytes; an error in it ends it."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    options = types.HttpOptions(
        base_url="http://gateway", httpx_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    )
    client = genai.Client(api_key="key", http_options=options)
    try:
        yield from client.models.generate_content_stream(model="m", contents="x")
    except genai.errors.APIError:
        assert b'"error"' in body
