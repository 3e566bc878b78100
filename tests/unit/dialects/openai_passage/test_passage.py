"""Requests that are passed through: their paths, their model, their way to a host, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.envelope import Envelope
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.route import Target
from stellwerk.core.usage import Usage
from stellwerk.dialects.openai_host import PASSED, OpenAIHost
from stellwerk.dialects.openai_passage import reply
from stellwerk.dialects.openai_passage.envelope import Passage, read_passage, rewrite
from stellwerk.dialects.openai_passage.multipart import find_model
from stellwerk.dialects.openai_passage.operation import DIALECTS, FILES, Place, find
from stellwerk.dialects.openai_passage.upstream import PassageUpstream
from stellwerk.errors import InvalidRequest, UpstreamInvalid

TARGET = Target("one/m", "one", "m")
MULTIPART = b'multipart/form-data; boundary="x--y"'
FORM = (
    b'--x--y\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    b"RIFF\r\n--x-\xff\r\n"
    b'\r\n--x--y\r\ncontent-disposition: form-data; name="model"\r\n\r\nsmart\r\n--x--y--\r\n'
)


def place(path: str) -> Place:
    """The operation at a path that has one."""
    found = find(path)
    assert found is not None
    return found


def read(path: str, body: bytes = b"", *, method: bytes = b"POST", **rest: Any) -> Passage:
    """The thin reading of a request."""
    options = {"query": b"", "content_type": b"application/json", "max_depth": 9, **rest}
    return read_passage(body, place(path), method=method, **options)


@pytest.mark.parametrize(
    ("path", "methods", "parts"),
    [
        ("/v1/files", "GET POST", ("/files", "", "")),
        ("/v1/files/file-1", "DELETE GET", ("/files/", "file-1", "")),
        ("/v1/files/file-1/content", "GET", ("/files/", "file-1", "/content")),
        ("/v1/batches", "GET POST", ("/batches", "", "")),
        ("/v1/batches/b", "GET", ("/batches/", "b", "")),
        ("/v1/batches/b/cancel", "POST", ("/batches/", "b", "/cancel")),
        ("/v1/responses/r", "DELETE GET", ("/responses/", "r", "")),
        ("/v1/responses/r/input_items", "GET", ("/responses/", "r", "/input_items")),
        ("/v1/responses/r/cancel", "POST", ("/responses/", "r", "/cancel")),
        ("/v1/fine_tuning/jobs", "GET POST", ("/fine_tuning/jobs", "", "")),
        ("/v1/fine_tuning/jobs/j/events", "GET", ("/fine_tuning/jobs/", "j", "/events")),
        ("/v1/fine_tuning/jobs/j/pause", "POST", ("/fine_tuning/jobs/", "j", "/pause")),
        ("/v1/images/edits", "POST", ("/images/edits", "", "")),
        ("/v1/audio/speech", "POST", ("/audio/speech", "", "")),
    ],
)
def test_paths_have_operations(path: str, methods: str, parts: tuple[str, str, str]) -> None:
    found = place(path)
    assert " ".join(sorted(method.decode() for method in found.operation.methods)) == methods
    assert (found.before, found.id, found.after) == parts
    assert found.operation.dialect in DIALECTS


@pytest.mark.parametrize("path", ["/v1/files/", "/v1/files/a/b", "/v1/responses", "/v1/audio/x", "/v2/files", ""])
def test_other_paths_have_none(path: str) -> None:
    assert find(path) is None


def test_hosts_of_openais_kind_have_all_of_these() -> None:
    assert PASSED == DIALECTS
    host = OpenAIHost("http://127.0.0.1:9/v1", beside=())
    assert all(host.speaks(dialect) for dialect in DIALECTS)
    wire = host.prepare(read("/v1/files", method=b"GET"), TARGET, "sk-1", b"")
    assert (wire.method, wire.path, wire.body) == (b"GET", b"/v1/files", b"")


def test_a_model_in_json_is_renamed_and_the_rest_survives() -> None:
    body = b'{ "prompt" : "x","model":"smart","n":1}'
    asked = read("/v1/images/generations", body)
    assert (asked.model, asked.dialect, asked.has_json, asked.is_list) == ("smart", "openai_images", True, False)
    assert rewrite(asked, "m") == b'{ "prompt" : "x","model":"m","n":1}'
    assert rewrite(asked, "smart") is body


def test_a_model_in_a_form_is_renamed_and_the_rest_survives() -> None:
    asked = read("/v1/audio/transcriptions", FORM, content_type=MULTIPART)
    assert (asked.model, asked.has_json) == ("smart", False)
    assert rewrite(asked, "m") == FORM.replace(b"\r\nsmart\r\n", b"\r\nm\r\n")
    assert rewrite(asked, "smart") is FORM


def test_what_names_no_model_goes_on_as_it_came() -> None:
    form = FORM.replace(b'"model"', b'"models"')
    assert rewrite(read("/v1/files", form, content_type=MULTIPART), "m") is form
    for body in (b'{"input_file_id":"f"}', b'{"model":null}'):
        asked = read("/v1/batches", body)
        assert (asked.model, rewrite(asked, "m")) == ("", body)
    assert rewrite(Envelope("x", "a", is_stream=False, body=b"{}"), "m") == b"{}"


def test_bodies_of_other_methods_are_dropped() -> None:
    asked = read("/v1/files", b"not json", method=b"GET", query=b"limit=2")
    assert (asked.body, asked.content_type, asked.is_list) == (b"", b"", True)
    assert read("/v1/batches/b/cancel").body == b""


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", b"application/json"),
        (b"[]", b"application/json"),
        (b'{"model":5}', b"application/json"),
        (b'{"model":"a","model":"b"}', b"application/json"),
        (b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", b"application/json"),
        (FORM, b"multipart/form-data"),
        (b"preamble" + FORM, MULTIPART),
        (FORM.replace(b"--x--y--", FORM.split(b"\r\n\r\n--")[0]) + FORM, MULTIPART),
        (FORM.replace(b"smart", b"\xff"), MULTIPART),
        (FORM.removesuffix(b"--\r\n") + FORM[6 + 0 :], MULTIPART),
        (b"--x--y" + b"\r\n--x--y" * 1_001, MULTIPART),
    ],
)
def test_what_cannot_be_read_or_names_two_models_is_refused(body: bytes, content_type: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read("/v1/files", body, content_type=content_type)


@given(st.binary(max_size=200))
def test_any_bytes_in_a_form_are_read_or_refused(data: bytes) -> None:
    for body in (data, b"--x--y" + data, FORM[: len(data)] + data):
        try:
            span = find_model(body, MULTIPART)
        except InvalidRequest:
            continue
        assert span is None or 0 < span[0] <= span[1] < len(body)


def test_a_host_is_asked_with_the_callers_method_path_and_query_under_our_key() -> None:
    upstream = PassageUpstream("https://api.openai.com/v1", fields=(("openai-project", "p"),))
    asked = read("/v1/files/a%2Fb/content", method=b"GET", query=b"x=1")
    wire = upstream.prepare(asked, TARGET, "sk-1", b"traceparent: t\r\n")
    assert (wire.method, wire.path) == (b"GET", b"/v1/files/a%252Fb/content?x=1")
    assert b"content-type" not in wire.fields
    assert wire.fields.endswith(b"traceparent: t\r\n")
    assert b"authorization: Bearer sk-1\r\n" in wire.fields
    sent = upstream.prepare(read("/v1/files", FORM, content_type=MULTIPART), TARGET, "sk-1", b"")
    assert sent.fields.startswith(b"content-type: " + MULTIPART + b"\r\n")
    assert sent.body == FORM.replace(b"\r\nsmart\r\n", b"\r\nm\r\n")
    plain = upstream.prepare(Envelope(FILES, "m", is_stream=False, body=b"{}"), TARGET, "sk-1", b"")
    assert (plain.path, plain.body) == (b"/v1", b"{}")


def test_what_was_used_is_read_where_it_is_told() -> None:
    told = {"usage": {"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {"image_tokens": 2}}}
    assert reply.read_facts(json.dumps(told).encode()) == ReplyFacts(Usage(9, 5, input_image_tokens=2))
    heard = {"usage": {"input_tokens": 9, "input_token_details": {"audio_tokens": 4}}}
    assert reply.read_facts(json.dumps(heard).encode()) == ReplyFacts(Usage(9, input_audio_tokens=4))
    for body in (b"ID3\x00", b"{", b"{}", b'{"usage":{"type":"duration","seconds":3}}', b'{"usage":[]}', b"{" * 9_999):
        assert reply.read_facts(body) == ReplyFacts()


def test_ids_are_sealed_where_they_stand_and_nowhere_else() -> None:
    found = {
        "id": "batch_1",
        "input_file_id": "file-1",
        "output_file_id": None,
        "error_file_id": "",
        "result_files": ["file-2", 3],
        "metadata": {"id": "mine"},
    }
    assert reply.seal(found, lambda one: f"<{one}>") == {
        "id": "<batch_1>",
        "input_file_id": "<file-1>",
        "output_file_id": None,
        "error_file_id": "",
        "result_files": ["<file-2>", 3],
        "metadata": {"id": "mine"},
    }


def test_an_object_that_names_nothing_stays_as_it_is() -> None:
    assert reply.seal({"result_files": None, "x": 1}, str.upper) == {"result_files": None, "x": 1}


def test_lists_are_read_with_what_has_an_id() -> None:
    page = reply.decode_list(b'{"object":"list","data":[{"id":"a"},{"id":5},7,{"id":"b"}],"has_more":true}')
    assert [entry["id"] for entry in page.entries] == ["a", "b"]
    assert (page.has_more, page.rest) == (True, {"object": "list"})
    assert not reply.decode_list(b'{"data":[],"has_more":true}').has_more


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"data":5}', b"{}", b"<html>"])
def test_what_is_no_list_is_the_hosts_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        reply.decode_list(body)
