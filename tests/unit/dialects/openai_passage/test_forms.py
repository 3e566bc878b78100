"""The texts of forms: where they stand, whose they are, and what is not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.subject import Speaker
from stellwerk.dialects import utterances
from stellwerk.dialects.openai_passage import forms
from stellwerk.dialects.openai_passage.envelope import Passage, read_passage, with_body
from stellwerk.dialects.openai_passage.forms import TOO_LONG, UNREAD, Form
from stellwerk.dialects.openai_passage.operation import find
from stellwerk.dialects.utterances import replaced
from stellwerk.errors import InvalidRequest, PayloadTooLarge

CONTENT_TYPE = b"multipart/form-data; boundary=b"


def form(*parts: tuple[str, bytes]) -> bytes:
    """A body of these parts, each given as the rest of its head and its content."""
    made = b"".join(
        b"--b\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n" % (head.encode(), content)
        for head, content in parts
    )
    return made + b"--b--\r\n"


def read(body: bytes) -> Form:
    """A form that has been read."""
    made = Form(body, CONTENT_TYPE)
    for _ in made.read():
        pass
    return made


def line(**body: Any) -> bytes:
    """A request of a batch."""
    request = {"custom_id": "my own 4111", "method": "POST", "url": "/v1/x", "body": {"model": "m", **body}}
    return json.dumps(request).encode()


def batch(*lines: bytes) -> bytes:
    """The upload of a batch's file."""
    return form(('"purpose"', b"batch"), ('"file"; filename="a.jsonl"', b"\n".join(lines)))


def test_values_of_fields_are_texts_and_pictures_are_not_read() -> None:
    body = form(('"model"', b"m"), ('"prompt"', b"a cat\nof Anna"), ('"image"; filename="a.png"', b"\x89PNG"))
    found = read(body)
    (text,) = found.texts
    assert (text.text, text.speaker, text.member, text.is_raw) == ("a cat\nof Anna", Speaker.USER, "prompt", True)
    assert body[text.start : text.end] == b"a cat\nof Anna"
    assert found.unread == UNREAD
    assert replaced(body, [(text, 'a "cat"')]) == body.replace(b"a cat\nof Anna", b'a "cat"')
    assert read(form(('"prompt"', b"a"), ('"user"', b""))).unread == ""
    assert read(form(('"prompt"', b"\xff"))).unread == UNREAD


def test_each_line_of_a_batch_is_a_request_with_speakers() -> None:
    first = line(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "I am Anna"}])
    body = batch(first, b"", b"  \r", line(instructions="Be kind.", input="Zoë \\u00e9"))
    found = read(body)
    assert [(text.text, text.speaker) for text in found.texts] == [
        ("Be brief.", Speaker.SYSTEM),
        ("I am Anna", Speaker.USER),
        ("Be kind.", Speaker.SYSTEM),
        ("Zoë \\u00e9", Speaker.USER),
    ]
    assert found.unread == ""
    assert [json.loads(request)["model"] for request in found.requests] == ["m", "m"]
    edited = replaced(body, [(text, f"[{place}]") for place, text in enumerate(found.texts)])
    again = read(edited)
    assert [text.text for text in again.texts] == ["[0]", "[1]", "[2]", "[3]"]
    assert edited.count(b"my own 4111") == 2


def test_a_line_that_is_none_is_not_read() -> None:
    assert read(batch(b'{"body":{"input":"a"},"body":{"input":"b"}}')).unread == UNREAD
    assert read(batch(b'{"custom_id":"1"}')).unread == UNREAD


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: attachment; name="prompt"\r\n\r\nx\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\nX-More: 1\r\n\r\nx\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--b--\r\nmore',
        b"--b\r\nno head\r\n--b--\r\n",
    ],
)
def test_a_form_that_may_be_taken_for_two_things_is_not_read(body: bytes) -> None:
    found = read(body)
    assert (found.texts, found.unread) == ([], UNREAD)


def test_what_is_no_form_is_refused() -> None:
    for body, content_type in ((b"x", CONTENT_TYPE), (form(), b"multipart/form-data")):
        with pytest.raises(InvalidRequest, match="boundary"):
            list(Form(body, content_type).read())


def test_one_request_of_a_batch_with_too_many_texts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterances, "MOST_TOKENS", 1_000)
    with pytest.raises(PayloadTooLarge):
        read(batch(line(input=["x"] * 1_001)))


def test_more_than_can_be_judged_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    body = batch(*(line(input="Hello") for _ in range(10)))
    assert len(read(body).texts) == 10
    for name, most in (("MOST_TEXTS", 9), ("MOST_CHARACTERS", 49), ("MOST_BYTES", 100)):
        with monkeypatch.context() as patched:
            patched.setattr(forms, name, most)
            found = read(body)
            assert (found.texts, found.unread) == ([], TOO_LONG)
    monkeypatch.setattr(forms, "MOST_CHARACTERS", 5)
    assert read(form(('"prompt"', b"x" * 21))).unread == TOO_LONG


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5), st.lists(st.text(max_size=20), max_size=5))
def test_what_is_read_is_what_was_written(fields: list[str], inputs: list[str]) -> None:
    fields = [text.replace("\r\n--b", "") for text in fields]
    heads = [(f'"f{place}"', text.encode(errors="replace")) for place, text in enumerate(fields)]
    lines = b"\n".join(line(input=text) for text in inputs)
    body = form(('"purpose"', b"batch"), *heads, ('"file"; filename="a.jsonl"', lines))
    found = read(body)
    told = [text.encode(errors="replace").decode() for text in fields if text]
    assert [one.text for one in found.texts if one.is_raw] == told
    assert [one.text for one in found.texts if not one.is_raw] == [text for text in inputs if text]


def test_a_request_with_another_body_knows_where_its_model_stands() -> None:
    place = find("/v1/images/edits")
    assert place is not None
    body = form(('"prompt"', b"a cat of Anna"), ('"model"', b"m"))
    asked = read_passage(body, place, method=b"POST", query=b"", content_type=CONTENT_TYPE, max_depth=9)
    assert with_body(asked, body) is asked
    other = with_body(asked, body.replace(b"Anna", b"[PERSON]"))
    assert isinstance(other, Passage)
    assert other.span is not None
    assert other.body[slice(*other.span)] == b"m"
    with pytest.raises(InvalidRequest, match="would have made another one of it"):
        with_body(asked, body.replace(b"cat of", b'\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n'))


def test_a_batchs_file_is_found_again_and_json_has_none() -> None:
    place, images = find("/v1/files"), find("/v1/images/generations")
    assert place is not None
    assert images is not None
    body = batch(line(input="I am Anna"))
    asked = read_passage(body, place, method=b"POST", query=b"", content_type=CONTENT_TYPE, max_depth=9)
    other = with_body(asked, body.replace(b"Anna", b"[PERSON]"))
    assert isinstance(other, Passage)
    assert other.file is not None
    assert json.loads(other.body[slice(*other.file)])["body"]["input"] == "I am [PERSON]"
    drawn = read_passage(b'{"prompt":"a"}', images, method=b"POST", query=b"", content_type=b"", max_depth=9)
    assert with_body(drawn, b'{"prompt":"b"}').body == b'{"prompt":"b"}'


HOSTILE = st.binary(max_size=60) | st.sampled_from(
    [
        b'{"body":{"input":"a"}}',
        b'{"body":', b'{"body":[1,{"a":"b"}]}', b'{"body":"x"}', b'"body":{}', b"\r\n--b\r\n",
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
        b'{"body":{"a":"\\ud83d"}}', b"\xff", b"\n",
    ]
)  # fmt: skip


@given(st.lists(HOSTILE, max_size=8), st.booleans())
def test_whatever_is_sent_is_read_unread_or_refused(pieces: list[bytes], is_batch: bool) -> None:
    body = batch(*pieces) if is_batch else b"--b\r\n" + b"".join(pieces) + b"\r\n--b--\r\n"
    try:
        found = read(body)
    except InvalidRequest:
        return
    assert found.unread in {"", UNREAD}
    places = [(text.start, text.end) for text in found.texts]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(body) for start, end in places)
    assert len(replaced(body, [(text, "x") for text in found.texts])) <= len(body)
