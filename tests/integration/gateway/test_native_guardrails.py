"""Guardrails of providers: on every request, and what they stop ends with the caller's own word for a filter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stellwerk.simulator import Scenario, running
from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.kit import model, serving
from tests.integration.gateway.scenes import provider_of, simulator
from tests.integration.http.loop import on_loop

OPTIONS = {
    "bedrock": 'guardrail = { id = "abc123", version = "7" }\n',
    "gemini": 'safety_settings = { HATE_SPEECH = "BLOCK_LOW_AND_ABOVE" }\n',
}
MODELS = {"bedrock": "amazon.nova-pro-v1:0", "gemini": "gemini-2.5-flash"}
GUARDRAIL = {"guardrailIdentifier": "abc123", "guardrailVersion": "7"}
SETTINGS = [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_LOW_AND_ABOVE"}]
MEMBERS = {"bedrock": "guardrailConfig", "gemini": "safetySettings"}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("kind", "wish"), [("bedrock", "finish=content_filter"), ("gemini", "finish=content_filter"), ("gemini", "refusal")]
)
@on_loop
async def test_what_a_provider_stops_ends_with_the_callers_word(
    tmp_path: Path, kind: str, wish: str, is_stream: bool
) -> None:
    async with running(Scenario(providers=(simulator(kind, dialect=kind),))) as (simulated,):
        parts = (provider_of(kind, simulated.base_url) + OPTIONS[kind], model("plain", f"{kind}/{MODELS[kind]}"))
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            body = {"model": "plain", "stream": is_stream, "messages": ask(f"Hello [[{wish}]]")}
            await caller.ask(json.dumps(body).encode())
            answer = await caller.answer()
            assert answer.status == 200
            assert b'"finish_reason":"content_filter"' in answer.body
        (request,) = simulated.report()["last_requests"]
        mode = {"streamProcessingMode": "sync"} if is_stream and kind == "bedrock" else {}
        sent = json.loads(request["body"])[MEMBERS[kind]]
        assert sent == (dict(GUARDRAIL, **mode) if kind == "bedrock" else SETTINGS)
