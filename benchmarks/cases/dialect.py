"""The OpenAI chat dialect: a request read and rewritten for its target, an answer read, an error told."""

from collections.abc import Iterator

from benchmarks.cases.case import Case
from benchmarks.cases.samples import SIZES, chat_answer, chat_request
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.json_splice import is_deeper, locate_unique, replace
from stellwerk.dialects.openai_chat.errors import encode_error
from stellwerk.dialects.openai_chat.request import read_envelope, rewrite
from stellwerk.dialects.openai_chat.response import read_usage
from stellwerk.errors import ModelNotFound

TARGET_MODEL = "gpt-4o-mini-2024-07-18"
MAX_DEPTH = LimitsSpec().max_json_depth


def cases() -> Iterator[Case]:
    """Requests of three sizes, one answer, one error."""
    for size, characters in SIZES.items():
        yield from _request_cases(size, chat_request(characters))
    answer = chat_answer()
    yield Case(group="decode", name="usage and finish of an answer", call=lambda: read_usage(answer))
    error = ModelNotFound("The model 'x' does not exist or you do not have access to it.", param="model")
    yield Case(group="encode", name="an error", call=lambda: encode_error(error))


def _request_cases(size: str, body: bytes) -> Iterator[Case]:
    envelope = read_envelope(body, max_depth=MAX_DEPTH)
    name = b'"%b"' % TARGET_MODEL.encode()
    yield Case(group="decode", name=f"envelope, {size}", call=lambda: read_envelope(body, max_depth=MAX_DEPTH))
    yield Case(group="decode", name=f"nesting depth, {size}", call=lambda: is_deeper(body, MAX_DEPTH))
    yield Case(group="encode", name=f"request for the target, {size}", call=lambda: rewrite(envelope, TARGET_MODEL))
    yield Case(
        group="encode",
        name=f"model spliced into the bytes, {size}",
        call=lambda: replace(body, locate_unique(body, "model"), name),
    )
