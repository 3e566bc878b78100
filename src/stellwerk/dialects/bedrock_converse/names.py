"""Names and ids of tools in the alphabet that Bedrock takes, and the way back.

Bedrock wants names of ``[a-zA-Z0-9_-]{1,64}`` and ids of ``[a-zA-Z0-9_.:-]{1,64}``. What fits stays as it is; anything
else becomes what fits of it and a digest of the whole. So a name's counterpart depends on the name alone: prompts that
a provider caches by prefix stay the same when a tool is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from stellwerk.core.chat import ChatRequest
from stellwerk.core.part import ToolCall, ToolResult
from stellwerk.core.tool import OpaqueTool

MAX_CHARACTERS = 64

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")
_DIGEST_BYTES = 8
_KEPT_CHARACTERS = MAX_CHARACTERS - 2 * _DIGEST_BYTES - 1


def wire_names(request: ChatRequest) -> dict[str, str]:
    """Every tool's name in the request, its history included, to the name that Bedrock hears: a bijection."""
    return _injection(_names(request), _NAME, _NOT_IN_NAME)


def neutral_names(request: ChatRequest) -> dict[str, str]:
    """The names that Bedrock hears to the request's own, as far as they differ: what decoders of its answer take."""
    return {wire: name for name, wire in wire_names(request).items() if wire != name}


def wire_ids(request: ChatRequest) -> dict[str, str]:
    """Every call's id in the request's history to the id that Bedrock takes: a bijection."""
    return _injection(_ids(request), _ID, _NOT_IN_ID)


def _names(request: ChatRequest) -> Iterator[str]:
    for tool in request.tools:
        if not isinstance(tool, OpaqueTool):
            yield tool.name
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield part.name
    if request.tool_choice is not None:
        for name in request.tool_choice.only:
            yield name.name


def _ids(request: ChatRequest) -> Iterator[str]:
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield part.id
            elif isinstance(part, ToolResult):
                yield part.call_id


def _injection(words: Iterable[str], fits: re.Pattern[str], foreign: re.Pattern[str]) -> dict[str, str]:
    wanted = list(dict.fromkeys(words))
    taken = {word for word in wanted if fits.fullmatch(word)}
    mapped: dict[str, str] = {}
    for word in wanted:
        if word in taken:
            mapped[word] = word
            continue
        attempt = 0
        while (fitted := _fit(word, foreign, attempt)) in taken:
            attempt += 1
        taken.add(fitted)
        mapped[word] = fitted
    return mapped


def _fit(word: str, foreign: re.Pattern[str], attempt: int) -> str:
    digest = blake2b(word.encode(), digest_size=_DIGEST_BYTES, salt=attempt.to_bytes(8, "big")).hexdigest()
    return f"{foreign.sub('_', word)[:_KEPT_CHARACTERS]}_{digest}"


def renamed(names: Mapping[str, str], name: str) -> str:
    """The name under a mapping that holds only what differs."""
    return names.get(name, name)
