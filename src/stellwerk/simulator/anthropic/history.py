"""The rules that messages have to follow together: who speaks when, which results go with which calls."""

from __future__ import annotations

import re

import msgspec

from stellwerk.simulator.anthropic.blocks import (
    MODELS_ONLY,
    USERS_ONLY,
    Content,
    RedactedThinking,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    cache_of,
    type_of,
)
from stellwerk.simulator.anthropic.body import Adaptive, CountRequest, Enabled, Message
from stellwerk.simulator.anthropic.places import refusal
from stellwerk.simulator.anthropic.signature import is_redacted, is_signed
from stellwerk.simulator.refusal import Refusal

_OLD_MODELS = re.compile(r"claude-(?:[123](?![0-9])|instant|(?:opus|sonnet|haiku)-4(?:-[0-7])?(?:-20\d{6})?$)")
"""Those before Claude Opus 4.8, the first that takes instructions within a conversation."""


class Placed(msgspec.Struct, frozen=True):
    """A block and where it stands in the request."""

    place: str
    block: Content
    is_system: bool = False
    """Whether it is an instruction that came after the user's words."""


class Turn(msgspec.Struct, frozen=True):
    """What one side says until the other does; neighbouring messages of one role are one turn."""

    role: str
    index: int
    """Of its first message."""
    blocks: list[Placed]


def read_turns(request: CountRequest) -> list[Turn]:
    """The turns of a conversation that follows the rules. Raises ``Refusal``."""
    if not request.messages:
        raise refusal("messages: at least one message is required")
    turns: list[Turn] = []
    last = len(request.messages) - 1
    for index, message in enumerate(request.messages):
        blocks = _blocks(message, index, is_last=index == last)
        if message.role == "system":
            _check_instruction(turns, blocks, request.model)
            turns[-1].blocks.extend(blocks)
        elif turns and turns[-1].role == message.role:
            turns[-1].blocks.extend(blocks)
        else:
            turns.append(Turn(message.role, index, blocks))
    if turns[0].role != "user":
        raise refusal('messages: first message must use the "user" role')
    _check_calls(turns)
    _check_thoughts(turns, request)
    _check_ending(turns[-1], request)
    return turns


def _blocks(message: Message, index: int, *, is_last: bool) -> list[Placed]:
    place = f"messages.{index}"
    if message.role not in {"user", "assistant", "system"}:
        raise refusal(f"{place}.role: Input should be 'user' or 'assistant'")
    if not message.content and not (is_last and message.role == "assistant"):
        reason = "all messages must have non-empty content except for the optional final assistant message"
        raise refusal(f"{place}: {reason}")
    if isinstance(message.content, str):
        blocks: list[tuple[str, Content]] = []
        if message.content:
            blocks.append((f"{place}.content", Text(text=message.content)))
    else:
        blocks = [(f"{place}.content.{number}", block) for number, block in enumerate(message.content)]
    placed = [Placed(where, block, message.role == "system") for where, block in blocks]
    for one in placed:
        _check_block(one, message.role)
    return placed


def _check_instruction(turns: list[Turn], blocks: list[Placed], model: str) -> None:
    """An instruction within the conversation is text, follows the user's words, and needs a model that knows of it."""
    if not turns or turns[-1].role != "user" or _OLD_MODELS.search(model) is not None:
        reason = 'The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
        raise refusal(f'messages: Unexpected role "system". {reason}')
    for one in blocks:
        if not isinstance(one.block, Text):
            raise refusal(f"{one.place}: `system` messages may only contain `text` blocks")


def _check_block(one: Placed, role: str) -> None:
    block = one.block
    if role != "system" and isinstance(block, MODELS_ONLY if role == "user" else USERS_ONLY):
        other = "assistant" if role == "user" else "user"
        raise refusal(f"{one.place}: `{type_of(block)}` blocks can only be in `{other}` messages")
    if isinstance(block, Text):
        check_text(block, "messages", one.place)
    if isinstance(block, ToolResult) and isinstance(block.content, list):
        for part in block.content:
            if isinstance(part, Text):
                check_text(part, "messages", one.place)


def check_text(block: Text, what: str, place: str) -> None:
    """Raises ``Refusal`` for a text that says nothing."""
    if not block.text:
        if cache_of(block) is not None:
            raise refusal(f"{place}.cache_control: cache_control cannot be set for empty text blocks")
        raise refusal(f"{what}: text content blocks must be non-empty")
    if not block.text.strip():
        raise refusal(f"{what}: text content blocks must contain non-whitespace text")


def _check_calls(turns: list[Turn]) -> None:
    """Each call is answered at the beginning of the next turn, and nothing else is."""
    known: set[str] = set()
    open_calls: dict[str, int] = {}
    for turn in turns:
        answered: set[str] = set()
        has_others = False
        for one in turn.blocks:
            block = one.block
            if not isinstance(block, ToolResult):
                has_others = True
                continue
            if block.tool_use_id not in open_calls:
                reason = f"unexpected `tool_use_id` found in `tool_result` blocks: {block.tool_use_id}"
                needed = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                raise refusal(f"{one.place}: {reason}. {needed}")
            if block.tool_use_id in answered:
                raise refusal(f"{one.place}: each tool_use must have a single result. Found multiple `tool_result`")
            if not has_others:
                answered.add(block.tool_use_id)
        if missing := [name for name in open_calls if name not in answered]:
            raise _unanswered(missing, open_calls[missing[0]])
        open_calls = {}
        for one in turn.blocks:
            if isinstance(one.block, ToolUse):
                if one.block.id in known:
                    raise refusal(f"{one.place}: `tool_use` ids must be unique")
                known.add(one.block.id)
                open_calls[one.block.id] = turn.index
    if open_calls:
        raise _unanswered(list(open_calls), turns[-1].index)


def _unanswered(calls: list[str], index: int) -> Refusal:
    reason = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(calls)}"
    needed = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    return refusal(f"messages.{index}: {reason}. {needed}")


def _check_thoughts(turns: list[Turn], request: CountRequest) -> None:
    """Thoughts come back as they went out, and before what they led to."""
    for turn in turns:
        acts = None
        for one in turn.blocks:
            match one.block:
                case Thinking(thinking=thinking, signature=signature):
                    if not is_signed(thinking, signature):
                        raise refusal(f"{one.place}: Invalid `signature` in `thinking` block")
                    _check_order(one, acts)
                case RedactedThinking(data=data):
                    if not is_redacted(data):
                        raise refusal(f"{one.place}: Invalid `data` in `redacted_thinking` block")
                    _check_order(one, acts)
                case Text() | ToolUse():
                    acts = type_of(one.block)
                case _:
                    acts = None
    if isinstance(request.thinking, Enabled):
        _check_beginning(turns)


def _check_order(one: Placed, acts: str | None) -> None:
    if acts is not None:
        raise refusal(f"{one.place}: `{type_of(one.block)}` blocks must come first, but this one follows `{acts}`")


def _check_beginning(turns: list[Turn]) -> None:
    """With a budget to think, the turn that the model is in the middle of begins with a thought."""
    is_in_loop = any(isinstance(one.block, ToolResult) for one in turns[-1].blocks)
    turn = turns[-1] if turns[-1].role == "assistant" else turns[-2] if is_in_loop else None
    if turn is None or not turn.blocks or isinstance(turn.blocks[0].block, Thinking | RedactedThinking):
        return
    found = type_of(turn.blocks[0].block)
    reason = f"Expected `thinking` or `redacted_thinking`, but found `{found}`"
    needed = "When `thinking` is enabled, a final `assistant` message must start with a thinking block"
    raise refusal(f"messages.{turn.index}.content.0.type: {reason}. {needed}.")


def _check_ending(turn: Turn, request: CountRequest) -> None:
    """What an answer that is begun for the model may look like."""
    if turn.role != "assistant" or not turn.blocks:
        return
    last = turn.blocks[-1].block
    if isinstance(last, Thinking | RedactedThinking):
        raise refusal(f"messages.{turn.index}: The final block in an assistant message cannot be `thinking`.")
    if isinstance(last, Text) and last.text != last.text.rstrip():
        raise refusal("messages: final assistant content cannot end with trailing whitespace")
    if isinstance(request.thinking, Enabled | Adaptive):
        raise refusal("messages: a final `assistant` message is not supported when `thinking` is enabled")
    if request.output_config is not None and request.output_config.format is not None:
        raise refusal("output_config.format: a final `assistant` message is not supported with structured outputs")
