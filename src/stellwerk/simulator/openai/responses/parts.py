"""The parts of messages and of outputs of tools."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, Literal

import msgspec

from stellwerk.simulator.openai.prompt import FILE_BYTES_PER_TOKEN, FULL_IMAGE_TOKENS, IMAGE_TOKENS
from stellwerk.simulator.openai.responses.places import refusal
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
