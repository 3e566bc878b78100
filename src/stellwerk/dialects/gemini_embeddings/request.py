"""Requests for embeddings between this dialect and the neutral form. The model stands in the path."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.dialects.gemini_embeddings.types import DIALECT, Members
from stellwerk.dialects.members import INTEGER, RAWS, STRING, merge, refuse_request, without_nulls
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request
from stellwerk.errors import InvalidRequest


def decode(body: bytes, *, model: str) -> EmbeddingRequest:
    """Reads the body of ``embedContent``. Raises ``InvalidRequest`` with what is wrong and where."""
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body, model, is_batch=False))


def decode_batch(body: bytes, *, model: str) -> EmbeddingRequest:
    """Reads the body of ``batchEmbedContents``. Raises ``InvalidRequest``.

    Its requests may differ in their text only: other dialects have one setting for all.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body, model, is_batch=True))


def encode(request: EmbeddingRequest) -> bytes:
    """The body of ``embedContent`` for one input, else of ``batchEmbedContents``. ``is_batch`` says which."""
    entries = [_encode_entry(request, text) for text in request.inputs]
    return msgspec.json.encode({"requests": entries} if is_batch(request) else entries[0])


def is_batch(request: EmbeddingRequest) -> bool:
    """Whether ``encode`` asks ``batchEmbedContents``."""
    return not request.is_single or len(request.inputs) != 1


def _decode(top: Members, body: bytes, model: str, *, is_batch: bool) -> EmbeddingRequest:
    refuse_any_duplicate(body, top)
    if not is_batch:
        return _decode_entry(top, model, "content")
    raws = top.need("requests", RAWS)
    entries = [
        _decode_entry(Members(raw, f"requests[{index}]", refuse_request), model, f"requests[{index}].content")
        for index, raw in enumerate(raws)
    ]
    return _join(entries)


def _join(entries: list[EmbeddingRequest]) -> EmbeddingRequest:
    if not entries:
        raise InvalidRequest("Missing required parameter: 'requests[0]'.", param="requests")
    first, *rest = (msgspec.structs.replace(entry, inputs=(), is_single=False) for entry in entries)
    if any(entry != first for entry in rest):
        raise InvalidRequest("The requests of a batch may differ in their text only.", param="requests")
    return msgspec.structs.replace(first, inputs=tuple(text for entry in entries for text in entry.inputs))


def _decode_entry(entry: Members, model: str, path: str) -> EmbeddingRequest:
    entry.take("model", STRING)
    content = entry.within("content")
    texts = [Members(raw, f"{path}.parts", refuse_request).need("text", STRING) for raw in content.need("parts", RAWS)]
    return EmbeddingRequest(
        model,
        ("\n".join(texts),),
        is_single=True,
        dimensions=entry.take("outputDimensionality", INTEGER),
        task=entry.take("taskType", STRING),
        title=entry.take("title", STRING),
        opaque=entry.opaque(content=content.opaque()),
    )


def _encode_entry(request: EmbeddingRequest, text: str | tuple[int, ...]) -> dict[str, Any]:
    wire = {
        "model": f"models/{request.model}",
        "content": {"parts": [{"text": text}]},
        "outputDimensionality": request.dimensions,
        "taskType": request.task,
        "title": request.title,
    }
    return merge(without_nulls(wire), request.opaque, DIALECT)
