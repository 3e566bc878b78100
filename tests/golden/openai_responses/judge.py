"""What OpenAI's own SDK thinks of a stream of Responses, and the order that its events keep."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def check_items(told: list[dict[str, Any]]) -> None:
    """Every item opens at the next place, its parts open and close within it, and what is done says all of it."""
    items: dict[int, str] = {}
    parts: dict[tuple[int, str, int], list[str]] = {}
    for event in told:
        kind, place = event["type"], event.get("output_index")
        if kind == "response.output_item.added":
            assert place == len(items)
            items[place] = event["item"].get("id")
        elif place is not None:
            assert place in items
            assert event.get("item_id", items[place]) == items[place]
        index = event.get("content_index", event.get("summary_index"))
        if index is not None and place is not None:
            key = (place, "summary" if "summary_index" in event else "content", index)
            if kind.endswith("part.added"):
                assert key not in parts
                parts[key] = []
            elif kind.endswith(".delta"):
                parts[key].append(event["delta"])
            elif kind.endswith(("text.done", "refusal.done")):
                assert event.get("text", event.get("refusal")) == "".join(parts[key])
    closed = [event["output_index"] for event in told if event["type"] == "response.output_item.done"]
    assert len(closed) == len(set(closed))
    if told[-1]["type"] in {"response.completed", "response.incomplete"}:
        assert sorted(closed) == sorted(items)
        whole = {event["output_index"]: event["item"] for event in told if event["type"] == "response.output_item.done"}
        assert told[-1]["response"]["output"] == [whole[place] for place in sorted(whole)]


def final_response(stream: bytes) -> Response:
    """What the official client makes of a stream. It wants an end that is a completion: a cut one is taken as is."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http) as client,
        client.responses.stream(model="m", input="x") as events,
    ):
        ends = [event for event in events if event.type in {"response.completed", "response.incomplete"}]
    (final,) = ends
    assert isinstance(final.response, Response)
    return final.response
