"""The file of a batch: its models, its ids, and forms that two readers could take for two things."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stellwerk.dialects.openai_passage import batch
from stellwerk.dialects.openai_passage.batch import BatchFile
from stellwerk.dialects.openai_passage.envelope import Passage, read_passage
from stellwerk.dialects.openai_passage.multipart import find_batch_file
from stellwerk.dialects.openai_passage.operation import find
from stellwerk.errors import InvalidRequest, NotFound

CONTENT_TYPE = b"multipart/form-data; boundary=b"
NAMED = b'Content-Disposition: form-data; name="%b"\r\n\r\n%b'
PURPOSE = NAMED % (b"purpose", b"batch")
FILE = b'Content-Disposition: form-data; name="file"; filename="a.jsonl"\r\nContent-Type: x/y\r\n\r\n%b'


def form(*parts: bytes) -> bytes:
    """A multipart body."""
    return b"--b\r\n" + b"\r\n--b\r\n".join(parts) + b"\r\n--b--\r\n"


def upload(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """A form with a file for a batch, and where the file stands."""
    body = form(PURPOSE, FILE % content)
    span = find_batch_file(body, CONTENT_TYPE)
    assert span is not None
    assert body[slice(*span)] == content
    return body, span


def never(field: str, sealed: str) -> str:
    """Opens nothing."""
    raise NotFound(f"No {field} {sealed}.", param=field)


def read(content: bytes, *, at_once: int = 10**9, opened: Any = never) -> BatchFile:
    """A file that was read."""
    file = BatchFile(*upload(content), opened)
    while file.read(at_once):
        pass
    return file


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "body": st.fixed_dictionaries(
                {"model": st.text(min_size=1)}, optional={"body": st.text(), "input": st.sampled_from(["model", {}])}
            )
        },
        optional={"custom_id": st.sampled_from(["model", '"model":"x"', "body"]), "model": st.text()},
    ),
    max_size=5,
)


@given(LINES, st.booleans(), st.integers(1, 200))
@example([{"body": {"model": '"'}}], True, 1)
def test_models_are_renamed_and_nothing_else(lines: list[Any], is_ascii: bool, at_once: int) -> None:
    content = b"\n".join(
        json.dumps(each, ensure_ascii=is_ascii).encode(errors="surrogatepass" if is_ascii else "replace")
        for each in lines
    )
    named = [json.loads(each)["body"]["model"] for each in content.splitlines()] if content else []
    file = read(content, at_once=at_once)
    assert list(file.first_lines) == list(dict.fromkeys(named))
    assert all(named.index(model) + 1 == number for model, number in file.first_lines.items())
    renamed = file.under({model: f"<{model}>" for model in named})
    span = find_batch_file(renamed, CONTENT_TYPE)
    assert span is not None
    again = [json.loads(each) for each in renamed[slice(*span)].split(b"\n") if each]
    for line, other in zip(again, map(json.loads, content.splitlines()), strict=True):
        assert line["body"]["model"] == f"<{other['body']['model']}>"
        line["body"]["model"] = other["body"]["model"]
        assert line == other
    same = file.under({model: model for model in named})
    assert same is file._body


def test_ids_are_opened_and_the_model_beside_them_is_renamed() -> None:
    content = b'{"body":{"file_id":"file-sw_abc","model":"a"}}\n{"body":{"model":"a"}}'
    file = read(content, opened=lambda field, sealed: f"{field}/{sealed}")
    assert file.under({"a": "b"}) == form(
        PURPOSE, FILE % b'{"body":{"file_id":"file_id/file-sw_abc","model":"b"}}\n{"body":{"model":"b"}}'
    )
    with pytest.raises(NotFound, match=r"Line 1 of the file: No file_id file-sw_abc\."):
        read(content)
    with pytest.raises(NotFound, match=r"Line 2 of the file: No file_id \."):
        read(b'\n{"body":{"file_id":"file-1","model":"a"}}')


def test_a_file_is_read_no_further_than_a_host_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LINES", 2)
    line = b'{"body":{"model":"a"}}\n'
    assert read(line * 2 + b"\n\n").first_lines == {"a": 1}
    with pytest.raises(InvalidRequest, match="at most 2 lines"):
        read(line * 3)


def test_a_form_for_something_else_is_not_looked_into() -> None:
    for other in (b"user_data", b"fine-tune", b""):
        assert find_batch_file(form(NAMED % (b"purpose", other), FILE % b"x\n--c"), CONTENT_TYPE) is None
    assert find_batch_file(form(FILE % b"x"), CONTENT_TYPE) is None


def test_what_the_clients_write_is_read() -> None:
    anchor = NAMED % (b"expires_after[anchor]", b"created_at")
    named = FILE.replace(b'"a.jsonl"', b"\"a.jsonl\"; filename*=utf-8''%%C3%%A4.jsonl")
    body = form(anchor, named % b"x", NAMED % (b"purpose", b" Batch "))
    span = find_batch_file(body, CONTENT_TYPE)
    assert span is not None
    assert body[slice(*span)] == b"x"
    found = find("/v1/files")
    assert found is not None
    asked = read_passage(body, found, method=b"POST", query=b"", content_type=CONTENT_TYPE, max_depth=9)
    assert isinstance(asked, Passage)
    assert (asked.file, asked.is_batch) == (span, False)


@pytest.mark.parametrize(
    "body",
    [
        form(PURPOSE),
        form(PURPOSE, PURPOSE, FILE % b"x"),
        form(PURPOSE, FILE % b"x", FILE % b"y"),
        form(PURPOSE, FILE % b"x", NAMED % (b"model", b"m")),
        form(PURPOSE, FILE % b"x", NAMED % (b"note", b'a\n--b\nContent-Disposition: form-data; name="file"\n\ny')),
        form(PURPOSE, FILE % b"x\r\n--bc", NAMED % (b"note", b"y")),
        form(PURPOSE, FILE % b"x", b'Content-Disposition: form-data; name="fi\\le"\r\n\r\ny'),
        form(PURPOSE, FILE % b"x", b'Content-Disposition: form-data; name="a"; name="file"\r\n\r\ny'),
        form(PURPOSE, FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") % b"x"),
        form(PURPOSE, FILE % b"x", b"no head"),
        form(PURPOSE, FILE % b"x")[:-6],
        form(PURPOSE, FILE % b"x") + b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ny\r\n--b--',
        form(PURPOSE, FILE % b"x") + b'\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ny\r\n--b--',
    ],
)
def test_a_form_that_could_be_taken_for_two_things_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        find_batch_file(body, CONTENT_TYPE)
