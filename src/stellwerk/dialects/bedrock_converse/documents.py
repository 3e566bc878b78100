"""Names of documents: Bedrock demands one for each, in its alphabet, and no two alike in a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from stellwerk.core.chat import ChatRequest, Message
from stellwerk.core.part import Document, Part, ToolResult

_FITS = re.compile(r"(?! )(?!.*  )[A-Za-z0-9 \-()\[\]]{1,200}(?<! )")
_FOREIGN = re.compile(r"[^A-Za-z0-9\-()\[\]]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_MAX_CHARACTERS = 180
_NAMELESS = "document"


def name_documents(request: ChatRequest) -> ChatRequest:
    """The request with a name for each document that Bedrock takes; the same object where there is nothing to do.

    What fits stays as it is, a file's ending and other characters are left out, and a number tells namesakes apart.
    """
    if all(not _documents(message.parts) for message in request.messages):
        return request
    taken: set[str] = set()
    messages = tuple(_renamed_message(message, taken) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages)


def _renamed_message(message: Message, taken: set[str]) -> Message:
    if not _documents(message.parts):
        return message
    return msgspec.structs.replace(message, parts=tuple(_renamed(message.parts, taken)))


def _renamed(parts: Iterable[Part], taken: set[str]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Document):
            name = _free(_fitting(part.name), taken)
            taken.add(name)
            yield part if name == part.name else msgspec.structs.replace(part, name=name)
        elif isinstance(part, ToolResult):
            yield msgspec.structs.replace(part, parts=tuple(_renamed(part.parts, taken)))
        else:
            yield part


def _documents(parts: Iterable[Part]) -> bool:
    return any(
        isinstance(part, Document) or (isinstance(part, ToolResult) and _documents(part.parts)) for part in parts
    )


def _fitting(name: str | None) -> str:
    if name is not None and _FITS.fullmatch(name):
        return name
    words = _FOREIGN.sub(" ", _ENDING.sub("", name or "")).strip()[:_MAX_CHARACTERS].rstrip()
    return words or _NAMELESS


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[:_MAX_CHARACTERS].rstrip()} ({number})"
    return free
