"""Edits answers, whole or streamed, after whatever it is that edits texts: a guard's checks, or pseudonyms put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    Document,
    Image,
    OpaquePart,
    Part,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolKind,
    Video,
)
from stellwerk.core.stream import StreamEvent
from stellwerk.screening.holding import Editor

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Kind(StrEnum):
    """What a text of an answer is."""

    TEXT = "text"
    REFUSAL = "refusal"
    THINKING = "thinking"
    TRANSCRIPT = "transcript"


class CutError(Exception):
    """The answer may not go on; ``out`` is what still goes out of it."""

    def __init__(self, out: Iterable[StreamEvent] = ()) -> None:
        super().__init__()
        self.out = tuple(out)


class Editing(Protocol):
    """Edits the texts of one answer. Each method raises ``CutError`` where the answer may not go on."""

    @property
    def withholds_sound(self) -> bool:
        """Whether sound goes out only with a transcript that nothing was changed in."""
        ...

    @property
    def notice(self) -> str:
        """What is said in the place of the rest of an answer that may not go on."""
        ...

    def text(self, kind: Kind) -> Editor:
        """The editor of one text, which may come in pieces."""
        ...

    def whole(self, text: str) -> str:
        """A text that always comes whole: a citation's passage, a title, a document."""
        ...

    def arguments(self, tool: str, kind: ToolKind, text: str) -> str:
        """The arguments of a call of the caller's own tool."""
        ...

    def raw(self, raw: msgspec.Raw) -> msgspec.Raw:
        """JSON that only one dialect understands."""
        ...


def edit_once(editing: Editing, kind: Kind, text: str) -> tuple[str, bool]:
    """A text of a kind that may be streamed, all at once, and whether it may not go on after that."""
    editor = editing.text(kind)
    edited = "".join(piece.text for piece in (*editor.feed(text), *editor.flush()))
    return edited, editor.is_cut


def edit_citation(editing: Editing, citation: Citation) -> Citation:
    """A citation whose texts are edited; its places are those of the text before."""
    return changed(
        citation,
        title=None if citation.title is None else editing.whole(citation.title),
        cited_text=None if citation.cited_text is None else editing.whole(citation.cited_text),
        opaque=edit_opaque(editing, citation.opaque),
    )


def edit_opaque(editing: Editing, opaque: Opaque | None) -> Opaque | None:
    """What only one dialect understands."""
    return None if opaque is None else changed(opaque, members=_members(editing, opaque.members))


def edit_part(
    editing: Editing, part: Image | Audio | Video | Document | OpaquePart | ToolCall | Thinking | Refusal
) -> tuple[Image | Audio | Video | Document | OpaquePart | ToolCall | Thinking | Refusal, bool]:
    """A part that is whole, and whether the answer may not go on after what is left of it."""
    match part:
        case OpaquePart():
            return changed(part, raw=editing.raw(part.raw)), False
        case Document(source=TextSource(text)):
            return changed(part, source=TextSource(editing.whole(text))), False
        case ToolCall():
            return changed(part, arguments=editing.arguments(part.name, part.kind, part.arguments)), False
        case Refusal():
            text, is_cut = edit_once(editing, Kind.REFUSAL, part.text)
            return changed(part, text=text), is_cut
        case Thinking():
            text, is_cut = edit_once(editing, Kind.THINKING, part.text)
            # what proves that it is unchanged proves nothing any more
            return part if text == part.text else changed(part, text=text, signature=None), is_cut
        case Audio(transcript=str(transcript)):
            text, is_cut = edit_once(editing, Kind.TRANSCRIPT, transcript)
            if text == transcript:
                return part, is_cut
            return changed(part, transcript=text, source=None if editing.withholds_sound else part.source), is_cut
        case _:
            return part, False


def remainder(part: Part) -> tuple[Part, ...]:
    """What is left of a part that may not go on; nothing, where it says nothing any more."""
    said = part.transcript if isinstance(part, Audio) else part.text if isinstance(part, Refusal | Thinking) else ""
    return (part,) if said else ()


def edit_text(editing: Editing, part: Text) -> Text:
    """The parts of a text besides the text itself."""
    return changed(
        part,
        citations=tuple(edit_citation(editing, citation) for citation in part.citations),
        opaque=edit_opaque(editing, part.opaque),
    )


def changed(struct: _Struct, **members: object) -> _Struct:
    """The struct with other values; itself where they are the same."""
    if all(getattr(struct, name) == value for name, value in members.items()):
        return struct
    return msgspec.structs.replace(struct, **members)


def _members(editing: Editing, members: Mapping[str, msgspec.Raw | Opaque]) -> dict[str, msgspec.Raw | Opaque]:
    return {
        name: changed(value, members=_members(editing, value.members))
        if isinstance(value, Opaque)
        else editing.raw(value)
        for name, value in members.items()
    }
