"""What holds for the thin reading of every dialect of chat: what it takes, and what it refuses in which words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.anthropic_messages.envelope import read_envelope as read_anthropic
from stellwerk.dialects.bedrock_converse.envelope import read_envelope as read_converse
from stellwerk.dialects.gemini.envelope import read_envelope as read_gemini
from stellwerk.dialects.openai_chat.envelope import read_envelope as read_chat
from stellwerk.dialects.openai_responses.envelope import read_envelope as read_responses
from stellwerk.dialects.thin_reading import refuse_duplicates
from stellwerk.errors import InvalidRequest

Read: TypeAlias = Callable[[bytes], Envelope]

MAX_DEPTH = 64
TURNS = b'[{"role":"user","content":"hi"}]'
CHAT = b'"model":"m","messages":' + TURNS
DIALECTS: dict[str, tuple[Callable[..., Envelope], bytes]] = {
    "openai_chat": (read_chat, CHAT),
    "anthropic_messages": (read_anthropic, CHAT),
    "openai_responses": (read_responses, b'"model":"m","input":"hi"'),
    "gemini": (partial(read_gemini, model="m", is_stream=False), b'"contents":[{"parts":[]}]'),
    "bedrock_converse": (partial(read_converse, model="m", is_stream=False), b'"messages":' + TURNS),
}
CAPS = {
    "openai_chat": b'"max_tokens":7',
    "anthropic_messages": b'"max_tokens":7',
    "openai_responses": b'"max_output_tokens":7',
    "gemini": b'"generationConfig":{"maxOutputTokens":7}',
    "bedrock_converse": b'"inferenceConfig":{"maxTokens":7}',
}


class Reader:
    """The thin reading of one dialect."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._read, self._members = DIALECTS[dialect]
        self.cap = CAPS[dialect]

    def body(self, rest: bytes = b"") -> bytes:
        """A request that has what it must, and ``rest``."""
        return b"{" + self._members + (b"," + rest if rest else b"") + b"}"

    def read(self, data: bytes) -> Envelope:
        """The envelope."""
        return self._read(data, max_depth=MAX_DEPTH)

    def refusal(self, data: bytes) -> str:
        """In which words it is refused."""
        with pytest.raises(InvalidRequest) as refused:
            self.read(data)
        return refused.value.message


@pytest.fixture(params=DIALECTS)
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(request.param)


def test_the_body_stays_as_it_came(reader: Reader) -> None:
    data = reader.body(reader.cap)
    envelope = reader.read(data)
    assert (envelope.dialect, envelope.model, envelope.output_cap) == (reader.dialect, "m", 7)
    assert envelope.body is data


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda _body: b"", "truncated"),
        (lambda _body: b"hello", "invalid character"),
        (lambda body: body[:-1], "truncated"),
        (lambda body: body + b" x", "trailing characters"),
        (lambda body: body[:-1] + b',"x":NaN}', "invalid character"),
        (lambda body: body[:-1] + b',"x":01}', "invalid number"),
        (lambda body: body[:-1] + b',"x":"\\q"}', "invalid escaped character"),
        (lambda body: b"\xef\xbb\xbf" + body, "begins with a byte order mark"),
    ],
    ids=["nothing", "words", "cut", "more", "NaN", "leading zero", "escape", "byte order mark"],
)
def test_what_is_not_json_is_refused(reader: Reader, broken: Callable[[bytes], bytes], told: str) -> None:
    message = reader.refusal(broken(reader.body()))
    assert message.startswith("The request body is not valid JSON")
    assert told in message


def test_what_is_no_object_is_refused(reader: Reader) -> None:
    told = "Invalid type for 'request body': expected an object, but got an array instead."
    assert reader.refusal(b"[]") == told


@pytest.mark.parametrize("value", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_broken_utf_8_is_refused_also_where_nobody_looks(reader: Reader, value: bytes) -> None:
    assert "not valid UTF-8" in reader.refusal(reader.body(b'"x":"' + value + b'"'))
    assert "not valid UTF-8" in reader.refusal(reader.body(b'"' + value + b'":1'))


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("character", ["é", "€", "🚂"])
def test_long_text_beyond_ascii_is_taken_wherever_its_characters_lie(
    reader: Reader, character: str, shift: int
) -> None:
    text = b"x" * shift + character.encode() * 20_000
    assert reader.read(reader.body(b'"x":"' + text + b'"')).model == "m"
    broken = reader.body(b'"x":"' + text[:-1] + b'"')
    at = broken.rindex(character.encode()[:1])
    assert reader.refusal(broken) == f"The request body is not valid UTF-8 (byte {at})."
    assert "not valid UTF-8" in reader.refusal(reader.body(b'"x":"' + text + b"\x80" * 10_000 + b'"'))


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 500, 100_000])
def test_nesting_is_taken_to_the_limit_and_refused_over_it(reader: Reader, depth: int) -> None:
    data = reader.body(b'"x":' + b"[" * (depth - 1) + b"]" * (depth - 1))
    if depth <= MAX_DEPTH:
        reader.read(data)
    else:
        assert reader.refusal(data) == "The request body is nested too deeply: at most 64 levels are taken."


def test_many_brackets_side_by_side_are_not_depth(reader: Reader) -> None:
    reader.read(reader.body(b'"x":[' + b"[],{}," * 10_000 + b'"[[[[["]'))


def test_a_member_that_is_acted_on_may_not_stand_twice(reader: Reader) -> None:
    name, _, value = reader.cap.partition(b":")
    for second in (reader.cap, name + b":null", b'"\\u00' + name[1:2].hex().encode() + name[2:] + b":" + value):
        assert reader.refusal(reader.body(reader.cap + b"," + second)).startswith("Duplicate parameter: '")


def test_members_that_nobody_acts_on_may_stand_twice_and_deeper_ones_too(reader: Reader) -> None:
    deeper = b"{" + reader.cap + b"," + reader.cap + b"}"
    assert reader.read(reader.body(b'"x":1,"x":2')).model == "m"
    if reader.dialect not in {"gemini", "bedrock_converse"}:  # they look for the word wherever an object holds it
        assert reader.read(reader.body(b'"tools":[' + deeper + b"]")).model == "m"


def test_readings_in_other_threads_do_not_look_like_duplicates(reader: Reader) -> None:
    data = reader.body(reader.cap)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(1000):
                reader.read(data)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall see it
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_members_that_only_seemed_to_stand_twice_are_no_duplicates() -> None:
    """Which is how it seems to a reading that another thread's counts fall into."""
    refuse_duplicates(b'{"model":"m","n":1}', ("model", "n", "stream"))
    with pytest.raises(InvalidRequest, match="Duplicate parameter: 'n'"):
        refuse_duplicates(b'{"model":"m","n":1,"n":2}', ("model", "n", "stream"))
