"""A whole request to the neutral form, so that any chat model can serve it; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message, Role, Sampling
from stellwerk.core.part import Text
from stellwerk.dialects.members import BOOLEAN, INTEGER, NUMBER, RAW, STRING, refuse_request
from stellwerk.dialects.openai_completions.envelope import read_envelope, rewrite
from stellwerk.dialects.openai_completions.types import Members
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request
from stellwerk.errors import InvalidRequest

__all__ = ["decode", "read_envelope", "rewrite"]

_STOP = msgspec.json.Decoder(str | tuple[str, ...])


def decode(body: bytes) -> ChatRequest:
    """Reads a request whole: the prompt is one user's text. Raises ``InvalidRequest`` with what is wrong and where.

    What only completions have (``suffix``, ``echo``, ``best_of``, ``logit_bias``) stays opaque.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body))


def _decode(body: Members, raw: bytes) -> ChatRequest:
    refuse_any_duplicate(raw, body)
    stop, alternatives = body.take("stop", _STOP), body.take("logprobs", INTEGER)
    return ChatRequest(
        model=body.need("model", STRING),
        messages=(Message(Role.USER, (Text(_prompt(body)),)),),
        sampling=Sampling(
            body.take("temperature", NUMBER),
            body.take("top_p", NUMBER),
            frequency_penalty=body.take("frequency_penalty", NUMBER),
            presence_penalty=body.take("presence_penalty", NUMBER),
            seed=body.take("seed", INTEGER),
        ),
        output_cap=body.take("max_tokens", INTEGER),
        stop=() if stop is None else (stop,) if isinstance(stop, str) else stop,
        choices=body.take("n", INTEGER),
        wants_logprobs=None if alternatives is None else True,
        top_logprobs=alternatives or None,
        user=body.take("user", STRING),
        is_stream=body.take("stream", BOOLEAN) or False,
        wants_usage=_wants_usage(body),
        opaque=body.opaque(),
    )


def _prompt(body: Members) -> str:
    """The one text that a chat can go on from; several prompts, or tokens, are for completions only."""
    value: Any = msgspec.json.decode(body.need("prompt", RAW))
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is not str:
        raise InvalidRequest(
            "The model's provider cannot take 'prompt': it takes one text, not several, and no tokens.", param="prompt"
        )
    return value


def _wants_usage(body: Members) -> bool:
    if body.peek("stream_options") == msgspec.Raw(b"null"):
        body.take("stream_options", RAW)
        return False
    return body.within("stream_options").take("include_usage", BOOLEAN) or False
