"""What a streamed reply says of itself, around its items: when it begins, when it ends and when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, Reply
from stellwerk.core.stream import Finished, Started, StreamEvent, StreamFault, UsageReported
from stellwerk.dialects.openai_responses.errors import response_error
from stellwerk.dialects.openai_responses.response import encode_response
from stellwerk.dialects.openai_responses.spoken_item import Told
from stellwerk.dialects.openai_responses.types import DIALECT, own


class ReplyFrame:
    """The response object of a stream, which grows until it is complete."""

    __slots__ = ("_reply", "finish", "is_begun", "is_finished")

    def __init__(self) -> None:
        self._reply = Reply("", "", ())
        self.is_begun = False
        self.is_finished = False
        """Whether the candidate is complete."""
        self.finish: Finish | None = None

    @property
    def id(self) -> str:
        """The reply's id, empty where none was said."""
        return self._reply.id

    def begin(self, event: StreamEvent) -> Iterator[Told]:
        """The events before all others; ``event`` is the first, which should say who answers."""
        self.is_begun = True
        if isinstance(event, Started):
            told = (event.id, event.model, (), event.created_s, None, None, event.service_tier, event.opaque)
            self._reply = Reply(*told)
        response = encode_response(self._reply, None, [], status="in_progress")
        for kind in ("response.created", "response.in_progress"):
            yield kind, {"response": response}

    def count(self, event: UsageReported) -> None:
        """Takes the latest usage."""
        self._reply = msgspec.structs.replace(self._reply, usage=event.usage, usage_opaque=event.opaque)

    def complete(self, event: Finished) -> None:
        """Takes why it ended, and what a response of this dialect says only then."""
        self.finish, self.is_finished = event.finish, True
        members = own(event.opaque)
        if members:
            opaque = Opaque(DIALECT, {**(own(self._reply.opaque) or {}), **members})
            tier = None if "service_tier" in members else self._reply.service_tier
            self._reply = msgspec.structs.replace(self._reply, service_tier=tier, opaque=opaque)

    def end(self, output: list[Any]) -> Told:
        """The closing event."""
        response = encode_response(self._reply, self.finish, output)
        kind = "response.completed" if response["status"] == "completed" else "response.incomplete"
        return kind, {"response": response}

    def fail(self, event: StreamFault, output: list[Any]) -> Told:
        """The closing event of a response that failed."""
        error = response_error(event.message, event.code)
        return "response.failed", {"response": encode_response(self._reply, None, output, status="failed", error=error)}
