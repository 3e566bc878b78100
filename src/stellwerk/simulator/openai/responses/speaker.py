"""Responses as a simulated provider speaks them: who writes what, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Endpoint, Stamp
from stellwerk.simulator.dice import digest
from stellwerk.simulator.openai.responses.request import read_response
from stellwerk.simulator.openai.responses.response import response_of
from stellwerk.simulator.openai.responses.store import Kept, Store
from stellwerk.simulator.openai.responses.stream import events
from stellwerk.simulator.refusal import Refusal


class Responses:
    """The responses of one provider, whole, streamed and kept."""

    def __init__(self) -> None:
        self._store = Store()

    def read(self, body: bytes) -> Ask:
        """What a request asks. Raises ``Refusal``."""
        return read_response(body, self._store)

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole response, kept if that was asked for."""
        response = response_of(ask, answer, stamp)
        self._keep(ask, response)
        return msgspec.json.encode(response)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The events of a stream; the response is kept from its last one on."""
        last: bytes | None = None
        for event in events(ask, answer, stamp):
            if last is not None:
                yield last
            last = event
        self._keep(ask, response_of(ask, answer, stamp))
        if last is not None:
            yield last

    def stored(self, endpoint: Endpoint) -> bytes:
        """A kept response, its input, or that it is gone. Raises ``Refusal``."""
        kept = self._store.find(endpoint.model)
        if kept is None:
            raise Refusal(404, f"Response with id '{endpoint.model}' not found.")
        if endpoint.action == "delete":
            self._store.forget(endpoint.model)
            return msgspec.json.encode({"id": endpoint.model, "object": "response", "deleted": True})
        if endpoint.action == "input_items":
            data = list(reversed(kept.input))
            ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
            return msgspec.json.encode({"object": "list", "data": data, "has_more": False, **ends})
        return msgspec.json.encode(kept.response)

    def _keep(self, ask: Ask, response: dict[str, Any]) -> None:
        form = ask.form
        if not form.is_kept:
            return
        given = [_item(entry, response["id"], index) for index, entry in enumerate(form.input)]
        self._store.keep(Kept(response, given, [*form.context, *given, *response["output"]]))


def _item(entry: dict[str, Any], response_id: str, index: int) -> dict[str, Any]:
    """An item of an input as it is shown later: with an id, and a message with its parts."""
    prefix = "msg" if "role" in entry else "item"
    shown = {"id": f"{prefix}_{digest(response_id.encode(), str(index).encode()).hex()}", **entry}
    if "role" in entry:
        shown.setdefault("type", "message")
        if isinstance(entry["content"], str):
            kind = "output_text" if entry["role"] == "assistant" else "input_text"
            shown["content"] = [{"type": kind, "text": entry["content"]}]
    return shown
