"""Inputs of the cases: requests of three sizes, an answer, and a stream as a provider sends it."""

import json
from pathlib import Path

BODIES = Path(__file__).parent.parent / "bodies"
SIZES = {"1 KB": 1_000, "20 KB": 20_000, "200 KB": 200_000}
PARAGRAPH = (
    "The guest in room 14 asks for another key, the one in room 9 leaves on Sunday after breakfast, and the bikes of "
    "the family from Lindau stand in the dry shed behind the kitchen. "
)
TURN_CHARACTERS = 1_500
STREAM_EVENTS = 64


def chat_request(characters: int) -> bytes:
    """A chat request of about so many bytes: the benchmark's own, with a longer conversation before it."""
    body = json.loads((BODIES / "chat.json").read_text())
    system, *rest = body["messages"]
    missing = characters - len(json.dumps(body))
    turns: list[dict[str, str]] = []
    while missing > 0:
        role = ("user", "assistant")[len(turns) % 2]
        text = (PARAGRAPH * (TURN_CHARACTERS // len(PARAGRAPH) + 1))[: min(missing, TURN_CHARACTERS)]
        turns.append({"role": role, "content": text})
        missing -= len(text) + 40
    body["messages"] = [system, *turns, *rest]
    return json.dumps(body).encode()


def chat_answer() -> bytes:
    """A whole answer of about 1 KB."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": PARAGRAPH * 4, "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 118, "completion_tokens": 96, "total_tokens": 214}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1767225600, "model": "gpt-4o-mini"}
    return json.dumps({**answer, "choices": [choice], "usage": usage}).encode()


def response_request() -> bytes:
    """A request for a response of about 1 KB, which nobody keeps."""
    return json.dumps({"model": "gpt-4o-mini", "input": (PARAGRAPH * 5)[:900], "store": False}).encode()


def response_answer() -> bytes:
    """A whole response with about 1 KB of text."""
    text = {"type": "output_text", "text": PARAGRAPH * 4, "annotations": [], "logprobs": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 118, "output_tokens": 96, "total_tokens": 214, **details}
    answer = {"id": "resp_1", "object": "response", "created_at": 1767225600, "status": "completed"}
    return json.dumps({**answer, "model": "gpt-4o-mini", "output": [item], "usage": usage, "store": False}).encode()


def stream_events(*, with_usage: bool = True) -> list[bytes]:
    """The events of one stream: content, finish, usage when asked for, and the closing one."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": "gpt-4o-mini"}

    def event(choices: list[object], usage: object = None) -> bytes:
        data = {**head, "choices": choices} | ({"usage": usage} if with_usage else {})
        return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"

    def choice(delta: dict[str, str], finish: str | None = None) -> list[object]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

    events = [event(choice({"content": f" word{number}"})) for number in range(STREAM_EVENTS)]
    events.append(event(choice({}, "stop")))
    if with_usage:
        events.append(event([], {"prompt_tokens": 118, "completion_tokens": 64, "total_tokens": 182}))
    events.append(b"data: [DONE]\n\n")
    return events
