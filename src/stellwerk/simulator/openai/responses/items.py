"""The items of an input: what each of them may have, and how many tokens it counts."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.openai.prompt import MESSAGE_TOKENS
from stellwerk.simulator.openai.responses.parts import InputFile, InputImage, InputText, OutputText, Part, RefusalPart
from stellwerk.simulator.openai.responses.places import chosen, converted
from stellwerk.simulator.tokens import count


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[dict[str, Any]]
    type: Literal["message"] = "message"
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    phase: Literal["commentary", "final_answer"] | None = None


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The call of a function, or of a tool that takes free text."""

    type: Literal["function_call", "custom_tool_call"]
    call_id: str
    name: str
    arguments: str | None = None
    input: str | None = None
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    namespace: str | None = None
    caller: dict[str, Any] | None = None
    is_async: bool | None = msgspec.field(default=None, name="async")

    def __post_init__(self) -> None:
        """Refuses a call without what it calls with."""
        needed, other = ("arguments", "input") if self.type == "function_call" else ("input", "arguments")
        if getattr(self, needed) is None or getattr(self, other) is not None:
            raise ValueError(f"a '{self.type}' needs '{needed}'")


class CallOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What came of a call."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str
    output: str | list[dict[str, Any]]
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    caller: dict[str, Any] | None = None


class Thought(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the model thought."""

    type: Literal["reasoning"]
    summary: list[dict[str, Any]]
    id: str | None = None
    content: list[dict[str, Any]] | None = None
    encrypted_content: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of a stored response."""

    type: Literal["item_reference"]
    id: str


class Foreign(msgspec.Struct, frozen=True):
    """A call of one of OpenAI's own tools, or what came of it, as it was."""

    type: str


Item = Message | Call | CallOutput | Thought | Reference | Foreign

_OWN = (
    "file_search_call",
    "web_search_call",
    "computer_call",
    "computer_call_output",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "tool_search_call",
    "tool_search_output",
    "compaction",
)
_ITEMS: dict[str, type[Item]] = {
    "message": Message,
    "function_call": Call,
    "custom_tool_call": Call,
    "function_call_output": CallOutput,
    "custom_tool_call_output": CallOutput,
    "reasoning": Thought,
    "item_reference": Reference,
    **dict.fromkeys(_OWN, Foreign),
}
_TO_MODEL: dict[str, Any] = {"input_text": InputText, "input_image": InputImage, "input_file": InputFile}
_FROM_MODEL: dict[str, Any] = {"output_text": OutputText, "refusal": RefusalPart}


def read_item(entry: dict[str, Any], place: str) -> Item:
    """An item. Raises ``Refusal``."""
    kind = chosen(_ITEMS, entry.get("type", "message" if "role" in entry else None), f"{place}.type")
    item: Item = converted(entry, kind, place)
    return item


def parts_of(item: Item, place: str) -> list[Part]:
    """The parts of a message, or of what came of a call. Raises ``Refusal`` for parts of the other side."""
    if isinstance(item, Message):
        content, table = item.content, _FROM_MODEL if item.role == "assistant" else _TO_MODEL
        where = f"{place}.content"
    elif isinstance(item, CallOutput):
        content, table, where = item.output, _TO_MODEL, f"{place}.output"
    else:
        return []
    if isinstance(content, str):
        return [InputText("input_text", content)]
    return [
        converted(part, chosen(table, part.get("type"), f"{where}[{index}].type"), f"{where}[{index}]")
        for index, part in enumerate(content)
    ]


def measure(item: Item, entry: dict[str, Any], place: str) -> Segment:
    """An item as a part of the prompt."""
    match item:
        case Message() | CallOutput():
            tokens = sum([part.tokens for part in parts_of(item, place)])
        case Call(name=name, arguments=arguments, input=text):
            tokens = count(name) + count(arguments or "") + count(text or "")
        case Thought(summary=summary):
            tokens = sum([count(str(part.get("text", ""))) for part in summary])
        case Reference():
            tokens = 0
        case _:
            tokens = count(msgspec.json.encode(entry).decode())
    canonical = msgspec.json.encode(item if not isinstance(item, Foreign) else entry)
    return Segment(canonical, MESSAGE_TOKENS + tokens)


def text_of(item: Item, place: str) -> str:
    """The text of a message or of what came of a call."""
    return "".join([part.text for part in parts_of(item, place) if isinstance(part, InputText | OutputText)])
