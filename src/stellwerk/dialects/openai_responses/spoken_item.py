"""One item of text or reasoning while it is streamed: its parts open and close in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation
from stellwerk.core.reply import Logprobs, TokenLogprob
from stellwerk.dialects.openai_responses.citations import encode_citation
from stellwerk.dialects.openai_responses.identity import invent
from stellwerk.dialects.openai_responses.types import merge, own
from stellwerk.dialects.token_logprobs import encode_tokens

Told: TypeAlias = tuple[str, dict[str, Any]]
"""An event's type and its members, without its number."""


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One sort of part: how its events are called, its index, its wire form while empty, and where its text stands."""

    events: str
    index: str
    frame: str
    empty: dict[str, Any]
    member: str


_CONTENT = "response.content_part"
TEXT = Form(
    "response.output_text",
    "content_index",
    _CONTENT,
    {"type": "output_text", "text": "", "annotations": [], "logprobs": []},
    "text",
)
REFUSAL = Form("response.refusal", "content_index", _CONTENT, {"type": "refusal", "refusal": ""}, "refusal")
REASONING = Form("response.reasoning_text", "content_index", _CONTENT, {"type": "reasoning_text", "text": ""}, "text")
SUMMARY = Form(
    "response.reasoning_summary_text",
    "summary_index",
    "response.reasoning_summary_part",
    {"type": "summary_text", "text": ""},
    "text",
)
_MESSAGE: dict[str, Any] = {"type": "message", "role": "assistant"}


class SpokenItem:
    """A message or a reasoning item. ``form`` is of its open part, ``None`` where none is open."""

    __slots__ = (
        "_begun",
        "_id",
        "_parts",
        "_place",
        "delta_head",
        "form",
        "is_message",
        "pieces",
        "position",
        "secret",
    )

    def __init__(self, *, is_message: bool, reply_id: str, position: int, begun: Opaque | None) -> None:
        self.is_message = is_message
        self.position = position
        self.form: Form | None = None
        self.pieces: list[str] = []
        self.delta_head = b""
        """A delta event of the open part up to its text."""
        self.secret: str | None = None
        """The encrypted form of reasoning."""
        self._begun = begun
        known = own(begun) or {}
        self._id: Any = known.get("id") or invent("msg" if is_message else "rs", reply_id, position)
        self._parts: list[_Part] = []
        self._place: dict[str, Any] = {}

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it has come."""
        return not self._parts

    def added(self) -> Told:
        """The event that opens the item."""
        item = self._item()
        if self.is_message:
            item |= {"status": "in_progress", "content": []}
        return "response.output_item.added", {"output_index": self.position, "item": item}

    def open(self, form: Form) -> Iterator[Told]:
        """Opens a part of this form behind the one that is open."""
        yield from self.close_part()
        index = sum(part.form.frame == form.frame for part in self._parts)
        self._parts.append(_Part(form))
        self.form, self.pieces = form, self._parts[-1].pieces
        self._place = {"item_id": self._id, "output_index": self.position, form.index: index}
        yield f"{form.frame}.added", {**self._place, "part": form.empty}
        kind = f"{form.events}.delta"
        head = msgspec.json.encode({"type": kind, **self._place})
        self.delta_head = b"event: " + kind.encode() + b"\ndata: " + head[:-1] + b',"delta":'

    def weigh(self, text: str, logprobs: Logprobs) -> Told:
        """The delta event for more of the open text, with the log-probabilities of its tokens."""
        tokens = logprobs.content or ()
        self.pieces.append(text)
        self._parts[-1].tokens += tokens
        said = {"delta": text, "logprobs": encode_tokens(tokens, needs_bytes=True)}
        return "response.output_text.delta", {**self._place, **said}

    def cite(self, citation: Citation) -> Told:
        """Adds a source to the open text."""
        citations = self._parts[-1].citations
        citations.append(citation)
        said = {"annotation_index": len(citations) - 1, "annotation": encode_citation(citation)}
        return "response.output_text.annotation.added", {**self._place, **said}

    def close_part(self) -> Iterator[Told]:
        """Closes the part that is open, saying all of it."""
        if self.form is None:
            return
        form, self.form = self.form, None
        part = self._parts[-1].wire()
        done = {form.member: part[form.member]}
        if form is TEXT:
            done["logprobs"] = part["logprobs"]
        yield f"{form.events}.done", {**self._place, **done}
        yield f"{form.frame}.done", {**self._place, "part": part}

    def close(self, *, is_cut: bool) -> Iterator[Told]:
        """Closes the item; ``is_cut`` says that the answer broke off within it."""
        yield from self.close_part()
        yield "response.output_item.done", {"output_index": self.position, "item": self.whole(is_cut=is_cut)}

    def whole(self, *, is_cut: bool) -> dict[str, Any]:
        """The item as far as it has come."""
        item = self._item()
        wires = [(part.form, part.wire()) for part in self._parts]
        if self.is_message:
            status = "incomplete" if is_cut else "completed"
            return item | {"status": status, "content": [wire for _, wire in wires]}
        item["summary"] = [wire for form, wire in wires if form is SUMMARY]
        content = [wire for form, wire in wires if form is REASONING]
        if content:
            item["content"] = content
        if self.secret is not None:
            item["encrypted_content"] = self.secret
        return item

    def _item(self) -> dict[str, Any]:
        """What the item says at its beginning."""
        item = {"id": self._id}
        item |= _MESSAGE if self.is_message else {"type": "reasoning", "summary": []}
        return merge(item, self._begun)


class _Part:
    """One part as far as it has come."""

    __slots__ = ("citations", "form", "pieces", "tokens")

    def __init__(self, form: Form) -> None:
        self.form = form
        self.pieces: list[str] = []
        self.citations: list[Citation] = []
        self.tokens: tuple[TokenLogprob, ...] = ()

    def wire(self) -> dict[str, Any]:
        """The part in its item."""
        wire = {**self.form.empty, self.form.member: "".join(self.pieces)}
        if self.form is TEXT:
            wire["annotations"] = [encode_citation(citation) for citation in self.citations]
            wire["logprobs"] = encode_tokens(self.tokens, needs_bytes=True)
        return wire
