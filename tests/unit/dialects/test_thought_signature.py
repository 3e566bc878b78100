"""Signatures on their way through SDKs of another dialect."""

from __future__ import annotations

import json

import msgspec
import pytest
from google.genai import types

from stellwerk.core.chat import ChatRequest
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Thinking
from stellwerk.dialects.anthropic_messages import request as anthropic
from stellwerk.dialects.bedrock_converse import request as bedrock
from stellwerk.dialects.gemini import request as gemini
from stellwerk.dialects.gemini.parts import encode_thinking
from stellwerk.dialects.thought_signature import as_signed

SIGNED = "EqQB+/8CGAI="
"""As models of Anthropic sign: base64 with all of its letters."""


def handed_back() -> ChatRequest:
    """The turn that follows, as Google's SDK for Python sends it."""
    part = types.Part.model_validate(encode_thinking("Hm.", SIGNED))
    turn = types.Content(role="model", parts=[part, types.Part(text="Well.")])
    contents = [
        {"role": "user", "parts": [{"text": "Hello"}]},
        turn.model_dump(mode="json", exclude_none=True, by_alias=True),
        {"role": "user", "parts": [{"text": "And?"}]},
    ]
    body = json.dumps({"contents": contents}).encode()
    assert SIGNED.encode() not in body
    return gemini.decode(body, model="m", is_stream=False)


def test_a_signature_that_googles_sdk_hands_back_is_the_one_that_was_signed() -> None:
    asked = msgspec.structs.replace(handed_back(), model="claude-sonnet-4-5")
    body = json.loads(anthropic.encode(asked))
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": SIGNED}
    body = json.loads(bedrock.encode(msgspec.structs.replace(asked, model="anthropic.claude-sonnet-4-5")))
    told = body["messages"][1]["content"][0]["reasoningContent"]["reasoningText"]
    assert told == {"text": "Hm.", "signature": SIGNED}


@pytest.mark.parametrize(
    "part", [Thinking("Hm.", "a-b_c"), Thinking("Hm."), Thinking("Hm.", "a-b_c", opaque=Opaque("openai_responses", {}))]
)
def test_other_signatures_are_left_alone(part: Thinking) -> None:
    assert as_signed(part) is part
