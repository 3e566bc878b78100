"""One tool call while it is streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stellwerk.core.part import ToolKind
from stellwerk.core.stream import ToolCallStarted
from stellwerk.dialects.openai_responses.identity import invent
from stellwerk.dialects.openai_responses.spoken_item import Told
from stellwerk.dialects.openai_responses.types import merge, own
from stellwerk.dialects.thought_signature import encode_signature


class CalledItem:
    """A function's or a custom tool's call, from its name to the end of its arguments."""

    __slots__ = ("_call", "_events", "_id", "_member", "_pieces", "position")

    def __init__(self, call: ToolCallStarted, reply_id: str, position: int) -> None:
        is_custom = call.kind is ToolKind.CUSTOM
        self.position = position
        self._call = call
        self._id: Any = (own(call.opaque) or {}).get("id") or invent("ctc" if is_custom else "fc", reply_id, position)
        self._events = "response.custom_tool_call_input" if is_custom else "response.function_call_arguments"
        self._member = "input" if is_custom else "arguments"
        self._pieces: list[str] = []

    def added(self) -> Told:
        """The event that opens the item."""
        return "response.output_item.added", {"output_index": self.position, "item": self._item("", "in_progress")}

    def more(self, arguments: str) -> Iterator[Told]:
        """The event for one more piece of the arguments."""
        self._pieces.append(arguments)
        yield f"{self._events}.delta", {"item_id": self._id, "output_index": self.position, "delta": arguments}

    def close(self, *, is_cut: bool) -> Iterator[Told]:
        """Closes the item; a function without arguments takes an object all the same."""
        if not self._pieces and self._call.kind is ToolKind.FUNCTION:
            yield from self.more("{}")
        said = {"item_id": self._id, "output_index": self.position, self._member: "".join(self._pieces)}
        yield f"{self._events}.done", {**said, "name": self._call.name}
        yield "response.output_item.done", {"output_index": self.position, "item": self.whole(is_cut=is_cut)}

    def whole(self, *, is_cut: bool) -> dict[str, Any]:
        """The item as far as it has come."""
        return self._item("".join(self._pieces), "incomplete" if is_cut else "completed")

    def _item(self, arguments: str, status: str) -> dict[str, Any]:
        call = self._call
        kind = "custom_tool_call" if call.kind is ToolKind.CUSTOM else "function_call"
        item = {"id": self._id, "type": kind, "status": status, "call_id": call.id, "name": call.name}
        return merge(item | {self._member: arguments} | encode_signature(call.signature), call.opaque)
