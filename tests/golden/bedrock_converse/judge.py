"""What botocore thinks: requests against its model of the service, replies and streams through its own parsers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped]
from botocore.eventstream import EventStream  # type: ignore[import-untyped]
from botocore.parsers import create_parser  # type: ignore[import-untyped]
from botocore.serialize import create_serializer  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from stellwerk.dialects import aws_eventstream

SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
OPERATIONS = {False: SERVICE.operation_model("Converse"), True: SERVICE.operation_model("ConverseStream")}
MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


def params_of(body: bytes, *, is_stream: bool = False, model: str = MODEL) -> dict[str, Any]:
    """What a caller of boto3 would have written: the body with its blobs as bytes, and the model."""
    shape = OPERATIONS[is_stream].input_shape
    return {**_params(json.loads(body), shape), "modelId": model}


def body_of(params: dict[str, Any], *, is_stream: bool = False) -> bytes:
    """What boto3 sends for them."""
    request = create_serializer("rest-json").serialize_to_request(params, OPERATIONS[is_stream])
    body: bytes = request["body"]
    return body


def faults(body: bytes, *, is_stream: bool = False, model: str = MODEL) -> list[str]:
    """What is wrong with a request: unknown, missing or mistyped members, enums, patterns, lengths and ranges."""
    shape = OPERATIONS[is_stream].input_shape
    params = params_of(body, is_stream=is_stream, model=model)
    report = ParamValidator().validate(params, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + list(_bounds(params, shape, ""))


def parsed_reply(body: bytes) -> dict[str, Any]:
    """A whole reply as boto3 gives it."""
    told = {"status_code": 200, "headers": {"content-type": "application/json"}, "body": body}
    reply: dict[str, Any] = create_parser("rest-json").parse(told, OPERATIONS[False].output_shape)
    return reply


def parsed_error(status: int, kind: str, body: bytes) -> dict[str, Any]:
    """An error as boto3 makes its exception of."""
    told = {"status_code": status, "headers": {"x-amzn-errortype": kind}, "body": body}
    error: dict[str, Any] = create_parser("rest-json").parse(told, OPERATIONS[False].output_shape)["Error"]
    return error


def parsed_stream(stream: bytes) -> Iterator[dict[str, Any]]:
    """The events that boto3 yields; raises botocore's ``EventStreamError`` on an exception's frame."""
    output = OPERATIONS[True].output_shape.members["stream"]
    yield from EventStream(_Raw(stream), output, create_parser("rest-json")._event_stream_parser, "ConverseStream")


def assert_well_formed(events: list[dict[str, Any]]) -> None:
    """One start; blocks numbered from 0, opened and closed in order; a stop; the metadata last."""
    kinds_ = [next(iter(event)) for event in events]
    assert kinds_[0] == "messageStart"
    assert kinds_[-2:] == ["messageStop", "metadata"]
    assert kinds_.count("messageStart") == kinds_.count("messageStop") == kinds_.count("metadata") == 1
    index, is_open = -1, False
    for event in events[1:-2]:
        ((kind, told),) = event.items()
        if kind == "contentBlockStop":
            assert is_open
            is_open = False
        elif kind == "contentBlockStart" or not is_open:
            assert not is_open
            index, is_open = index + 1, True
        assert told["contentBlockIndex"] == index
    assert not is_open


def framed(path: Path) -> bytes:
    """A golden stream, kept as a line of JSON for each event, as bytes."""
    return b"".join(frames(path))


def frames(path: Path) -> list[bytes]:
    """The same, frame by frame."""
    return [
        _frame(*pair) for line in path.read_text(encoding="utf-8").splitlines() for pair in json.loads(line).items()
    ]


class _Raw:
    def __init__(self, stream: bytes) -> None:
        self._stream = stream

    def stream(self) -> Iterator[bytes]:
        yield self._stream

    def close(self) -> None:
        pass


def _frame(kind: str, payload: Any) -> bytes:
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    if kind == ":exception":
        ((exception, payload),) = payload.items()
        names = {":exception-type": exception, ":content-type": "application/json", ":message-type": "exception"}
    return aws_eventstream.encode(names, json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode())


def _params(value: Any, shape: Any) -> Any:
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        members = shape.members
        return {
            name: _params(inner, members[name]) if name in members else inner
            for name, inner in value.items()
            if inner is not None
        }
    if shape.type_name == "list":
        return [_params(inner, shape.member) for inner in value]
    if shape.type_name == "map":
        return {name: _params(inner, shape.value) for name, inner in value.items()}
    return value


def _bounds(value: Any, shape: Any, where: str) -> Iterator[str]:
    """What botocore leaves to the service: words of an enum, patterns, lengths and ranges."""
    told = shape.metadata
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        for name, inner in value.items():
            if name in shape.members:
                yield from _bounds(inner, shape.members[name], f"{where}.{name}")
        return
    if shape.type_name in {"list", "map"}:
        members = value.items() if shape.type_name == "map" else enumerate(value)
        for name, inner in members:
            yield from _bounds(inner, shape.value if shape.type_name == "map" else shape.member, f"{where}.{name}")
    if "enum" in told and value not in told["enum"]:
        yield f"{where}: {value!r} is none of {told['enum']}"
    if "pattern" in told and isinstance(value, str) and not re.fullmatch(told["pattern"], value):
        yield f"{where}: {value!r} does not match {told['pattern']}"
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else 0
    if not isinstance(value, bool) and not told.get("min", size) <= size <= told.get("max", size):
        yield f"{where}: {size} is out of bounds"
