"""Puts the values of pseudonyms back into answers: for the caller alone, and only those that its request gave away.

A pseudonym inside of a URL stays: whoever follows the link, or shows the picture, would tell a third party. So do
those in the reasoning, which a provider may have signed, and in what a provider's own tools are called with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import msgspec

from stellwerk.core.part import ToolKind
from stellwerk.core.pseudonym import LITERAL, Notation
from stellwerk.core.reply import Reply
from stellwerk.screening.answer_editing import Kind
from stellwerk.screening.holding import Editor, Piece
from stellwerk.screening.json_text import Literal, is_json, literals, rewritten
from stellwerk.screening.reply_editing import edit_reply
from stellwerk.screening.stream_editing import StreamEditing
from stellwerk.screening.vault import Vault

Value = Callable[[str, int], str | None]
"""The value of a type's number; ``None`` for one that is not to be put back."""

EVERY_TOOL = "*"
"""Stands in the rules for tools that have none of their own."""
_DEEPEST = 3
_SEAM = re.compile(r"[\s\"'`()\[\]{}|]")
"""What a URL does not go across."""
_URL = re.compile(r"//[\w\[%]|www\.", re.IGNORECASE)
_URL_BEGINNING = 4


class Restorer:
    """The editor of one text that puts values back. What may be the beginning of a pseudonym is held."""

    __slots__ = ("_held", "_is_url", "_last", "_notation", "_value")

    is_cut = False

    def __init__(self, value: Value, notation: Notation) -> None:
        self._value = value
        self._notation = notation
        self._held = ""
        self._last = ""  # what went out last of a word that may be a URL
        self._is_url = False

    def feed(self, text: str) -> list[Piece]:
        """What can go out."""
        held = self._held + text
        free = self._notation.unfinished(held)
        self._held = held[free:]
        return self._restored(held[:free])

    def flush(self) -> list[Piece]:
        """The rest."""
        held, self._held = self._held, ""
        return self._restored(held)

    def _restored(self, text: str) -> list[Piece]:
        out: list[Piece] = []
        if not text:
            return out
        whole, after = self._last[-1:] + text, 0
        offset = len(whole) - len(text)
        for found in self._notation.pseudonyms(whole, offset):
            start, end = found.start - offset, found.end - offset
            self._pass(text[after:start], out)
            value = None if self._is_url else self._value(found.type, found.number)
            if value is None:
                self._pass(text[start:end], out)
            else:
                out.append(Piece(text[start:end], value))
                self._note(text[start:end])
            after = end
        self._pass(text[after:], out)
        return out

    def _pass(self, text: str, out: list[Piece]) -> None:
        if text:
            out.append(Piece(text, text))
            self._note(text)

    def _note(self, text: str) -> None:
        """Sees whether the word that goes on here is a URL."""
        words = _SEAM.split(text)
        if len(words) > 1:
            self._last, self._is_url = "", False
        word = self._last + words[-1]
        self._is_url = self._is_url or _URL.search(word) is not None
        self._last = word[-_URL_BEGINNING:] or text[-1:]


class _Unchanged:
    """The editor of a text that goes out as it is."""

    is_cut = False

    def feed(self, text: str) -> list[Piece]:
        """All of it."""
        return [Piece(text, text)] if text else []

    def flush(self) -> list[Piece]:
        """Nothing."""
        return []


class Restoring:
    """The editing of one answer's texts that puts a vault's values back.

    ``tools`` says which types which tool is given, by its name; tools without a rule get what ``EVERY_TOOL`` says, and
    all types where that says nothing either. What only looks like a pseudonym is the caller's own text for all of them.
    """

    __slots__ = ("_tools", "_vault")

    withholds_sound = False
    notice = ""

    def __init__(self, vault: Vault, tools: Mapping[str, frozenset[str]] | None = None) -> None:
        self._vault = vault
        self._tools = {
            name: {LITERAL, *(kind for label in types if (kind := vault.notation.kind_of(label)))}
            for name, types in (tools or {}).items()
        }

    def text(self, kind: Kind) -> Editor:
        """The editor of a text that may come in pieces."""
        return _Unchanged() if kind is Kind.THINKING else Restorer(self._vault.value, self._vault.notation)

    def whole(self, text: str) -> str:
        """A text that comes whole."""
        return restored(text, self._vault)

    def arguments(self, tool: str, kind: ToolKind, text: str) -> str:
        """The arguments of a call, with the values that this tool may have."""
        types = self._tools.get(tool, self._tools.get(EVERY_TOOL))

        def value(name: str, number: int) -> str | None:
            return self._vault.value(name, number) if types is None or name in types else None

        notation = self._vault.notation
        return _restored(text, value, notation) if kind is ToolKind.CUSTOM else _restored_json(text, value, notation)

    def raw(self, raw: msgspec.Raw) -> msgspec.Raw:
        """What one dialect alone understands is the business of a provider: nothing is put back."""
        return raw


def stream_restorer(vault: Vault, tools: Mapping[str, frozenset[str]] | None = None) -> StreamEditing:
    """The transducer of one answer's events."""
    return StreamEditing(Restoring(vault, tools))


def restore_reply(reply: Reply, vault: Vault, tools: Mapping[str, frozenset[str]] | None = None) -> Reply:
    """A whole answer."""
    return edit_reply(Restoring(vault, tools), reply)[0]


def restored(text: str, vault: Vault) -> str:
    """A text with the values in it."""
    return _restored(text, vault.value, vault.notation)


def _restored(text: str, value: Value, notation: Notation) -> str:
    restorer = Restorer(value, notation)
    return "".join(piece.text for piece in (*restorer.feed(text), *restorer.flush()))


def _restored_json(text: str, value: Value, notation: Notation, depth: int = 0) -> str:
    """The same of JSON, which stays JSON whatever is in the values. JSON within its strings does, too."""
    found = literals(text)
    if not is_json(text, found):
        return _restored(text, value, notation)
    changed: dict[int, str] = {}
    for place, literal in enumerate(found):
        said = literal.value
        new = (
            _restored_json(said, value, notation, depth + 1)
            if depth < _DEEPEST and _holds_json(literal)
            else _restored(said, value, notation)
        )
        if new != said:
            changed[place] = new
    return rewritten(text, found, changed) if changed else text


def _holds_json(literal: Literal) -> bool:
    if not literal.value.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(literal.value)
    except (ValueError, RecursionError):
        return False
    return True
