"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``.

The model and whether it streams stand in the URL's path, ``/model/{model}/converse`` or ``converse-stream``: whoever
reads the path hands them over.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message, Role, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.dialects.bedrock_converse.documents import name_documents
from stellwerk.dialects.bedrock_converse.envelope import read_envelope, rewrite
from stellwerk.dialects.bedrock_converse.messages import (
    decode_content,
    decode_messages,
    encode_messages,
    encode_system,
)
from stellwerk.dialects.bedrock_converse.model_fields import (
    FAMILY_FIELDS,
    decode_family,
    decode_output,
    encode_output,
    family_fields,
)
from stellwerk.dialects.bedrock_converse.models import (
    claude_choice,
    is_claude,
)
from stellwerk.dialects.bedrock_converse.names import neutral_names, wire_ids, wire_names
from stellwerk.dialects.bedrock_converse.tool_config import decode_tool_config, encode_tool_config
from stellwerk.dialects.bedrock_converse.types import (
    NOTHING,
    Members,
    left,
    merge,
    own_member,
)
from stellwerk.dialects.members import (
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    STRINGS,
    UnreadableError,
    refuse_request,
    without_nulls,
)
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request

__all__ = ["decode", "encode", "neutral_names", "read_envelope", "rewrite"]

STOP_SEQUENCE_PATH = "/stop_sequence"
"""Where Claude tells which of the caller's sequences it met: asked for with ``additionalModelResponseFieldPaths``."""
TIERS = frozenset({"priority", "default", "flex", "reserved"})

_METADATA = msgspec.json.Decoder(dict[str, str])
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MAX_METADATA = 16
_TIER_WORDS = {"standard_only": "default", **{word: word for word in TIERS}}


def decode(body: bytes, *, model: str, is_stream: bool) -> ChatRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where.

    Scalars of a wrong type are refused; blocks, tools and formats of a shape that is not known stay opaque.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body, model, is_stream=is_stream))


def encode(request: ChatRequest) -> bytes:
    """The body that asks Bedrock's ``request.model``. What only other dialects can say is left out.

    Tools whose names Bedrock does not take go under others: ``neutral_names`` of the request leads back.
    """
    request = name_documents(request)
    names, ids = wire_names(request), wire_ids(request)
    system, rest = encode_system(request.messages)
    tools, fields = encode_tool_config(request, names), family_fields(request)
    choice = None if tools is None else claude_choice(request, names)
    if tools is not None and choice is not None:
        tools.pop("toolChoice", None)
        fields["tool_choice"] = choice
    wire: dict[str, Any] = {
        "messages": encode_messages(rest, names, ids) or None,
        "system": system or None,
        "inferenceConfig": _encode_inference(request) or None,
        "toolConfig": tools,
        FAMILY_FIELDS: fields or None,
        "outputConfig": encode_output(request) or None,
        "requestMetadata": _encode_metadata(request) or None,
        "serviceTier": _encode_tier(request.service_tier),
        "additionalModelResponseFieldPaths": _response_paths(request),
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque))


def _decode(body: Members, raw: bytes, model: str, *, is_stream: bool) -> ChatRequest:
    refuse_any_duplicate(raw, body)
    messages = _decode_system(body)
    if body.peek("messages") not in NOTHING[:2]:
        messages += decode_messages(body.need("messages", RAWS), refuse_request)
    tools, choice, config = decode_tool_config(body, refuse_request)
    parts: dict[str, Opaque | None] = {"toolConfig": config}
    request: dict[str, Any] = {
        "tools": tools,
        "tool_choice": choice,
        **_decode_inference(body, parts),
        **decode_family(body, parts),
        "metadata": _decode_metadata(body),
        "service_tier": _decode_tier(body, parts),
    }
    format_, reasoning = decode_output(body, parts, request.pop("reasoning"))
    top_k = request.pop("top_k")
    request["sampling"] = Sampling(request.pop("temperature"), request.pop("top_p"), top_k)
    return ChatRequest(
        model,
        messages,
        **request,
        output_format=format_,
        reasoning=reasoning,
        is_stream=is_stream,
        wants_usage=is_stream,
        opaque=body.opaque(**parts),
    )


def _decode_system(body: Members) -> tuple[Message, ...]:
    if body.peek("system") in NOTHING:
        return ()
    return (Message(Role.SYSTEM, decode_content(body.need("system", RAWS), "system", refuse_request)),)


def _decode_inference(body: Members, parts: dict[str, Opaque | None]) -> dict[str, Any]:
    if body.peek("inferenceConfig") in NOTHING:
        return {"output_cap": None, "temperature": None, "top_p": None}
    config = body.within("inferenceConfig")
    taken = {
        "output_cap": config.take("maxTokens", INTEGER),
        "temperature": config.take("temperature", NUMBER),
        "top_p": config.take("topP", NUMBER),
        "stop": config.take("stopSequences", STRINGS) or (),
    }
    parts["inferenceConfig"] = left(config)
    return taken


def _encode_inference(request: ChatRequest) -> dict[str, Any]:
    return without_nulls(
        {
            "maxTokens": request.output_cap,
            "temperature": request.sampling.temperature,
            "topP": request.sampling.top_p,
            "stopSequences": request.stop or None,
        }
    )


def _decode_metadata(body: Members) -> dict[str, str] | None:
    return None if body.peek("requestMetadata") in NOTHING else body.take("requestMetadata", _METADATA)


def _encode_metadata(request: ChatRequest) -> dict[str, str]:
    """As many of the caller's entries as Bedrock takes, of those in its alphabet."""
    fitting = [
        (key, value)
        for key, value in (request.metadata or {}).items()
        if _METADATA_KEY.fullmatch(key) and _METADATA_VALUE.fullmatch(value)
    ]
    return dict(fitting[:_MAX_METADATA])


def _decode_tier(body: Members, parts: dict[str, Opaque | None]) -> str | None:
    try:
        tier = Members(body.peek("serviceTier"))
        word = tier.need("type", STRING)
    except UnreadableError:
        return None
    if word not in TIERS:
        return None
    body.take("serviceTier", RAW)
    parts["serviceTier"] = tier.opaque()
    return word


def _encode_tier(word: str | None) -> dict[str, str] | None:
    known = _TIER_WORDS.get(word or "")
    return None if known is None else {"type": known}


def _response_paths(request: ChatRequest) -> list[str] | None:
    """Which sequence ended the answer is asked for where the model can tell; callers of this dialect ask themselves."""
    is_asked = bool(request.stop) and is_claude(request.model) and own_member(request, "inferenceConfig") is None
    return [STOP_SEQUENCE_PATH] if is_asked else None
