"""What a conversation has to be like: turns that alternate, blocks that are not blank, calls answered in one turn."""

from __future__ import annotations

import re

from stellwerk.simulator.bedrock.blocks import Block, Message
from stellwerk.simulator.refusal import Refusal

_DOCUMENT_NAME = re.compile(r"[A-Za-z0-9\-()\[\]]+(?: [A-Za-z0-9\-()\[\]]+)*")


def check_turns(messages: tuple[Message, ...], *, has_tools: bool) -> None:
    """Refuses a conversation that Converse refuses for any model. Raises ``Refusal``."""
    if not messages or messages[0].role != "user":
        raise invalid("A conversation must start with a user message. Try again with a conversation that does.")
    for number, message in enumerate(messages):
        if number and message.role == messages[number - 1].role:
            raise invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation "
                "alternates between user and assistant roles and try again."
            )
        _check_blocks(message, number)
    _check_documents(messages)
    blocks = [block for message in messages for block in message.content]
    if not has_tools and any(block.tool_use or block.tool_result for block in blocks):
        raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    _check_calls(messages)


def call_ids(message: Message) -> list[str]:
    """The ids of the calls in a message."""
    return [block.tool_use.tool_use_id for block in message.content if block.tool_use is not None]


def result_ids(message: Message) -> list[str]:
    """The ids of the calls whose results are in a message."""
    return [block.tool_result.tool_use_id for block in message.content if block.tool_result is not None]


def invalid(reason: str) -> Refusal:
    """A refusal of a request that is wrong in itself."""
    return Refusal(400, reason, code="ValidationException")


def _check_blocks(message: Message, number: int) -> None:
    if not message.content:
        raise invalid(
            f"The content field in the Message object at messages.{number} is empty. Add a ContentBlock object to the "
            "content field and try again."
        )
    for position, block in enumerate(message.content):
        place = f"messages.{number}.content.{position}"
        if block.text is not None and not block.text.strip():
            raise invalid(
                f"The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try "
                "again."
            )
        _check_role(block, message.role, place)
        result = block.tool_result
        if result is not None and result.status == "error" and not result.content:
            reason = "cannot be empty when status value is error"
            raise invalid(f"The content field at {place}.toolResult {reason}.")


def _check_role(block: Block, role: str, place: str) -> None:
    own = {"toolUse": "assistant", "reasoningContent": "assistant", "citationsContent": "assistant"}
    wanted = own.get(block.given[0], "user" if block.given[0] not in {"text", "cachePoint"} else role)
    if wanted != role:
        raise invalid(f"The {block.given[0]} block at {place} may only be in a message with the role {wanted}.")


def _check_documents(messages: tuple[Message, ...]) -> None:
    names: set[str] = set()
    for number, message in enumerate(messages):
        documents = [block.document for block in message.content if block.document is not None]
        if documents and not message.text:
            raise invalid(f"A text block is required beside the documents at messages.{number}.content.")
        for document in documents:
            if _DOCUMENT_NAME.fullmatch(document.name) is None:
                raise invalid(
                    "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
                    "parentheses, and square brackets. The name can't contain more than one consecutive whitespace "
                    "character."
                )
            if document.name in names:
                raise invalid(f"The document name {document.name!r} is not unique: messages contains it twice.")
            names.add(document.name)


def _check_calls(messages: tuple[Message, ...]) -> None:
    """Each call has its result in the turn behind it, and nowhere else."""
    asked: list[str] = []
    for number, message in enumerate(messages):
        answered = result_ids(message)
        place = f"messages.{number}.content"
        if len(set(answered)) < len(answered):
            raise invalid(f"The toolResult blocks at {place} contain duplicate Ids.")
        if len(answered) > len(asked):
            raise invalid(
                f"The number of toolResult blocks at {place} exceeds the number of toolUse blocks of previous turn."
            )
        if missing := [name for name in asked if name not in answered]:
            raise invalid(f"Expected toolResult blocks at {place} for the following Ids: {', '.join(missing)}")
        asked = call_ids(message)
        if len(set(asked)) < len(asked):
            raise invalid(f"The toolUse blocks at {place} contain duplicate Ids.")
