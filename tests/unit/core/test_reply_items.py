"""Items of answers of the Responses dialect, from whole ones to streams and back: none is lost, merged or renamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.core.chat import ChatRequest
from stellwerk.core.replay import events_of, gather
from stellwerk.core.reply import Reply
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.core.stream import StreamEvent
from stellwerk.dialects.openai_responses import response
from stellwerk.dialects.openai_responses.stream import EventEncoder
from stellwerk.gateway.speeches import speech_of

GOLDEN = Path(__file__).parents[2] / "golden" / "openai_responses"
SPEECH = speech_of("openai_responses", LimitsSpec())
ASKED = ChatRequest("m", ())
TEXT: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": []}


def message(identity: str, *texts: str, **members: Any) -> dict[str, Any]:
    content = [{**TEXT, "text": text} for text in texts]
    return {
        "id": identity,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
        **members,
    }


def thinking(identity: str, *summary: str, **members: Any) -> dict[str, Any]:
    texts = [{"type": "summary_text", "text": text} for text in summary]
    return {"id": identity, "type": "reasoning", "summary": texts, **members}


CALL = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
REFUSAL = message("msg_r") | {"content": [{"type": "refusal", "refusal": "No."}]}
OUTPUTS: dict[str, list[dict[str, Any]]] = {
    "one": [message("msg_1", "Hello.")],
    "two_messages": [message("msg_1", "Look.", phase="commentary"), message("msg_2", "Hello.")],
    "two_parts": [message("msg_1", "Hel", "lo."), message("msg_2", "a", "b", "c")],
    "refused": [message("msg_1", "Well."), REFUSAL],
    "silent_thoughts": [thinking("rs_1"), message("msg_1", "Hello.")],
    "nothing_but_thoughts": [thinking("rs_1"), thinking("rs_2")],
    "thoughts": [thinking("rs_1", "Hm.", "Ah."), thinking("rs_2", "Yes."), message("msg_1", "Hello.")],
    "sealed_thoughts": [thinking("rs_1", "Hm.", "Ah.", encrypted_content="x"), thinking("rs_2", encrypted_content="y")],
    "open_thoughts": [thinking("rs_1", content=[{"type": "reasoning_text", "text": "Hm."}]), message("msg_1", "A")],
    "thoughts_before_calls": [thinking("rs_1"), CALL, thinking("rs_2"), SEARCH],
}


def whole(output: list[dict[str, Any]]) -> Reply:
    body = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m"}
    return response.decode(json.dumps({**body, "output": output}).encode())


def output_of(reply: Reply | None) -> Any:
    assert reply is not None
    return json.loads(response.encode(reply))["output"]


def words(output: Any) -> Any:
    """Items without what a whole answer alone can say of a text: sources of an odd sort, and chances."""
    for item in output:
        for part in item.get("content") or ():
            part["annotations"] = part["logprobs"] = None
    return output


def told(events: list[StreamEvent]) -> bytes:
    encoder = EventEncoder()
    return b"".join(map(encoder.feed, events)) + encoder.flush()


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_items_of_a_whole_answer_are_those_of_its_stream(output: list[dict[str, Any]]) -> None:
    reply = whole(output)
    events = events_of(reply)
    assert output_of(gather(events)) == output_of(reply) == output
    decoder = SPEECH.decoder(ASKED, "")
    heard = [*decoder.feed(told(events)), *decoder.flush()]
    assert output_of(gather(heard)) == output


@pytest.mark.parametrize("path", sorted((GOLDEN / "replies").glob("*.json")), ids=lambda path: path.stem)
def test_items_of_providers_answers_survive(path: Path) -> None:
    reply = SPEECH.decode(path.read_bytes(), ASKED, "")
    assert words(output_of(gather(events_of(reply)))) == words(output_of(reply))


@pytest.mark.parametrize("path", sorted((GOLDEN / "streams").glob("*.sse")), ids=lambda path: path.stem)
def test_items_of_providers_streams_are_those_they_close_with(path: Path) -> None:
    decoder = SPEECH.decoder(ASKED, "")
    events = [*decoder.feed(path.read_bytes()), *decoder.flush()]
    reply = gather(events)
    if reply is None:
        return
    closings = (b'"response.completed"', b'"response.incomplete"')
    lines = [line for line in told(events).splitlines() if line.startswith(b"data:") and any(map(line.count, closings))]
    assert output_of(reply) == json.loads(lines[-1].removeprefix(b"data: "))["response"]["output"]
