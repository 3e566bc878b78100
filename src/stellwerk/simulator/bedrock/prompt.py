"""The blocks of a prompt in the order in which a model reads them, their length in tokens, and where it is cached."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.bedrock.blocks import Block, Message, ResultBlock, SystemBlock
from stellwerk.simulator.bedrock.body import ConverseRequest, ToolEntry
from stellwerk.simulator.prompt_cache import AN_HOUR_S, FIVE_MINUTES_S
from stellwerk.simulator.tokens import count

MESSAGE_TOKENS = 4
"""What a message costs beside its content."""
MEDIA_TOKENS = 1_500
FILE_BYTES_PER_TOKEN = 4
MOST_CACHE_POINTS = 4


def measure(request: ConverseRequest) -> tuple[tuple[Segment, ...], tuple[tuple[int, float], ...]]:
    """The segments of a prompt; and of each cache point, after how many of them it stands, and its life in seconds."""
    segments: list[Segment] = []
    marks: list[tuple[int, float]] = []
    for block in _blocks(request):
        if isinstance(block, Segment):
            segments.append(block)
        elif block.cache_point is not None:
            marks.append((len(segments), AN_HOUR_S if block.cache_point.ttl == "1h" else FIVE_MINUTES_S))
        else:
            segments.append(_segment(block))
    return tuple(segments), tuple(marks)


def text_of(messages: tuple[Message, ...]) -> str:
    """What the user said last."""
    return next((message.text for message in reversed(messages) if message.role == "user" and message.text), "")


def results_of(messages: tuple[Message, ...]) -> tuple[tuple[str, str], ...]:
    """The results that the conversation ends with, under the names of the tools."""
    uses = [block.tool_use for message in messages for block in message.content if block.tool_use is not None]
    names = {use.tool_use_id: use.name for use in uses}
    results = [block.tool_result for block in messages[-1].content if block.tool_result is not None]
    return tuple((names[result.tool_use_id], "".join(map(_shown, result.content))) for result in results)


def _blocks(request: ConverseRequest) -> Iterator[Segment | Block | SystemBlock | ToolEntry]:
    if request.tool_config is not None:
        yield from request.tool_config.tools
    yield from request.system
    for message in request.messages:
        yield Segment(message.role.encode(), MESSAGE_TOKENS, is_block=False)
        yield from message.content


def _segment(block: Block | SystemBlock | ToolEntry) -> Segment:
    return Segment(msgspec.json.encode(block), _tokens(block))


def _tokens(block: Block | SystemBlock | ToolEntry) -> int:
    if isinstance(block, ToolEntry):
        return count(msgspec.json.encode(block).decode())
    if block.text is not None:
        return count(block.text)
    if isinstance(block, SystemBlock):
        return count(msgspec.json.encode(block).decode())
    if block.image is not None or block.video is not None or block.audio is not None:
        return MEDIA_TOKENS
    if block.document is not None:
        source = block.document.source
        return math.ceil(len(source.bytes) / FILE_BYTES_PER_TOKEN) if source.bytes else count(source.text or "")
    if block.reasoning_content is not None:  # thoughts of earlier turns are not read again
        return 0
    if block.tool_result is not None:
        return sum([_result_tokens(part) for part in block.tool_result.content])
    return count(msgspec.json.encode(block).decode())


def _result_tokens(part: ResultBlock) -> int:
    return count(_shown(part)) if part.text is not None or part.json is not None else MEDIA_TOKENS


def _shown(part: ResultBlock) -> str:
    return part.text if part.text is not None else msgspec.json.encode(part.json).decode()
