"""The items of an input: what each of them may have, and how many tokens it counts."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, Literal

import msgspec

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.openai.prompt import FILE_BYTES_PER_TOKEN, FULL_IMAGE_TOKENS, IMAGE_TOKENS, MESSAGE_TOKENS
from stellwerk.simulator.openai.responses.places import chosen, converted, refusal
from stellwerk.simulator.tokens import count


class InputText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Text that somebody else than the model wrote."""

    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: dict[str, Any] | None = None

    @property
    def tokens(self) -> int:
        """Its length."""
        return count(self.text)


class InputImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An image, as an address, as a data URL or as the id of a file."""

    type: Literal["input_image"]
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["low", "high", "auto", "original"] | None = None
    prompt_cache_breakpoint: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuses an image that is none."""
        if (self.image_url is None) == (self.file_id is None):
            raise ValueError("an image needs either 'image_url' or 'file_id'")
        if self.image_url is not None:
            _check_url(self.image_url)

    @property
    def tokens(self) -> int:
        """What it counts."""
        return IMAGE_TOKENS.get(self.detail or "auto", FULL_IMAGE_TOKENS)


class InputFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file."""

    type: Literal["input_file"]
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal["low", "high", "auto"] | None = None
    prompt_cache_breakpoint: dict[str, Any] | None = None

    @property
    def tokens(self) -> int:
        """What it counts."""
        return math.ceil(len(self.file_data or "") * 3 / 4 / FILE_BYTES_PER_TOKEN)


class OutputText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Text that the model wrote."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None

    @property
    def tokens(self) -> int:
        """Its length."""
        return count(self.text)


class RefusalPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why the model did not answer."""

    type: Literal["refusal"]
    refusal: str

    @property
    def tokens(self) -> int:
        """Its length."""
        return count(self.refusal)


Part = InputText | InputImage | InputFile | OutputText | RefusalPart


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


def _check_url(url: str) -> None:
    if url.startswith(("http://", "https://")):
        return
    head, comma, data = url.partition(";base64,")
    try:
        if comma and head.startswith("data:image/") and base64.b64decode(data, validate=True):
            return
    except binascii.Error:
        pass
    raise refusal(
        "Invalid 'image_url'. Expected a valid URL, but got a value with an invalid format.", "input", "invalid_value"
    )
