"""The thin reading of a request that is passed through, and its rewriting for a host."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.openai_passage.multipart import Span, find_batch_file, find_model, plain_parts
from stellwerk.dialects.openai_passage.operation import BATCHES, FILES, Operation, Place
from stellwerk.dialects.rewriting import rename
from stellwerk.dialects.thin_reading import UNSET, Value, counted, read_thin, wrong
from stellwerk.errors import InvalidRequest

_MULTIPART = b"multipart/form-data"


class Passage(Envelope, frozen=True, gc=False):
    """A request with method and path. ``model`` is empty where it names none.

    ``before``, ``id`` and ``after`` make the path below the base URL; ``query`` is what follows the question mark.
    ``span`` is where the model stands in a multipart body. ``file`` is where a batch's file does, and ``models`` are
    those that are named in it, once that is known.
    """

    operation: Operation = Operation("", frozenset())
    method: bytes = b"POST"
    before: str = ""
    id: str = ""
    after: str = ""
    query: bytes = b""
    content_type: bytes = b""
    span: Span | None = None
    file: Span | None = None
    models: tuple[str, ...] | None = None

    @property
    def is_batch(self) -> bool:
        """Whether it makes a batch of a file that is kept."""
        return self.dialect == BATCHES and self.method == b"POST" and not self.id

    @property
    def is_list(self) -> bool:
        """Whether it asks for a list of what belongs to many."""
        return self.operation.is_collection and self.method == b"GET"

    @property
    def has_json(self) -> bool:
        """Whether its body is an object that may name ids."""
        return bool(self.body) and not self.content_type.lower().startswith(_MULTIPART)


def read_passage(
    body: bytes, place: Place, *, method: bytes, query: bytes, content_type: bytes, max_depth: int
) -> Passage:
    """Reads a request as far as every request needs it.

    Raises ``InvalidRequest`` for a body that is neither JSON nor multipart, or names two models.
    """
    operation = place.operation
    model, span, file = "", None, None
    if method != b"POST":
        body, content_type = b"", b""
    elif content_type.lower().startswith(_MULTIPART):
        span = find_model(body, content_type)
        model = "" if span is None else _text(body[span[0] : span[1]])
        file = find_batch_file(body, content_type) if operation.dialect == FILES else None
    elif body:
        model = _model(body, max_depth)
    return Passage(
        operation.dialect,
        model,
        is_stream=False,
        body=body,
        operation=operation,
        method=method,
        before=place.before,
        id=place.id,
        after=place.after,
        query=query,
        content_type=content_type,
        span=span,
        file=file,
    )


def with_body(envelope: Envelope, body: bytes) -> Envelope:
    """The same request with another body of its kind: where the model stands in a form is looked for anew.

    Raises ``InvalidRequest`` where a form's new body is not one of the same parts.
    """
    if body is envelope.body:
        return envelope
    if not isinstance(envelope, Passage) or envelope.has_json:
        return msgspec.structs.replace(envelope, body=body)
    before, after = (plain_parts(each, envelope.content_type) or () for each in (envelope.body, body))
    if [part.head for part in before] != [part.head for part in after]:
        raise InvalidRequest("What was taken out of the form would have made another one of it.")
    span = None if envelope.span is None else find_model(body, envelope.content_type)
    file = None if envelope.file is None else find_batch_file(body, envelope.content_type)
    return msgspec.structs.replace(envelope, body=body, span=span, file=file)


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for a host that knows the model as ``model``: the same object where it may be."""
    if not isinstance(envelope, Passage) or not envelope.model or model == envelope.model:
        return envelope.body
    if envelope.span is None:
        return json_splice.splice(envelope.body, (rename(envelope.body, envelope.model, model),))
    return json_splice.splice(envelope.body, ((*envelope.span, model.encode()),))


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode


def _model(body: bytes, max_depth: int) -> str:
    model: Any = read_thin(body, _decode, ("model",), max_depth=max_depth).model
    if model is UNSET or model is None:
        return ""
    if type(model) is not str:
        raise wrong("model", "a string", model)
    return model


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("The field 'model' is not UTF-8.", param="model") from None
