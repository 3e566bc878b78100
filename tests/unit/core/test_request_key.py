"""What an answer depends on: everything but how it is to be sent, and what is said to be without effect."""

import json
from itertools import combinations
from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Message, Role, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import CacheMark, Image, Part, Source, Text, UrlSource
from stellwerk.core.request_key import asked, asked_of, digest, read_once
from stellwerk.core.tool import FunctionTool, Tool

BASE = b"b" * 32


def turn(text: str, role: Role = Role.USER) -> Message:
    return Message(role, (Text(text),))


ASKED = ChatRequest("m", (turn("be brief", Role.SYSTEM), turn("hello")))


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_parts_cannot_be_shifted_into_one_another(one: list[bytes], other: list[bytes]) -> None:
    assert (digest(BASE, "o", *one) == digest(BASE, "o", *other)) == (one == other)


@given(st.text(max_size=9), st.text(max_size=9))
def test_owners_never_share_a_digest(one: str, other: str) -> None:
    assert (digest(BASE, one, b"x") == digest(BASE, other, b"x")) == (one == other)
    assert digest(BASE, one, b"x") != digest(b"c" * 32, one, b"x")


def test_the_last_turn_is_told_apart_from_the_rest() -> None:
    one, other = asked(ASKED), asked(msgspec.structs.replace(ASKED, messages=(ASKED.messages[0], turn("bye"))))
    assert one.question == "hello"
    assert other.question == "bye"
    assert one.rest == other.rest


def test_how_an_answer_is_sent_does_not_matter() -> None:
    assert asked(msgspec.structs.replace(ASKED, is_stream=True, wants_usage=True)) == asked(ASKED)


def test_everything_else_matters() -> None:
    picture = Image(UrlSource("https://example.com/a.png"))
    differing = [
        ASKED,
        msgspec.structs.replace(ASKED, model="n"),
        msgspec.structs.replace(ASKED, messages=(turn("be long", Role.SYSTEM), turn("hello"))),
        msgspec.structs.replace(ASKED, messages=(turn("be brief"), turn("hello"))),
        msgspec.structs.replace(ASKED, messages=(turn("hello"),)),
        msgspec.structs.replace(ASKED, messages=(*ASKED.messages[:1], Message(Role.USER, (Text("hello"), picture)))),
        msgspec.structs.replace(ASKED, messages=(*ASKED.messages[:1], turn("hello", Role.ASSISTANT))),
        msgspec.structs.replace(ASKED, messages=(*ASKED.messages[:1], Message(Role.USER, (Text("hello"),), "ann"))),
        msgspec.structs.replace(ASKED, messages=()),
        msgspec.structs.replace(ASKED, tools=(FunctionTool("f"),)),
        msgspec.structs.replace(ASKED, tools=(FunctionTool("f", parameters=msgspec.Raw(b"{}")),)),
        msgspec.structs.replace(ASKED, sampling=Sampling(temperature=0)),
        msgspec.structs.replace(ASKED, sampling=Sampling(seed=1)),
        msgspec.structs.replace(ASKED, output_cap=9),
        msgspec.structs.replace(ASKED, output_format=JsonObjectFormat()),
        msgspec.structs.replace(ASKED, output_format=JsonSchemaFormat(msgspec.Raw(b"{}"))),
        msgspec.structs.replace(ASKED, user="ann"),
        msgspec.structs.replace(ASKED, metadata={"a": "b"}),
        msgspec.structs.replace(ASKED, opaque=Opaque("openai_chat", {"new": msgspec.Raw(b"1")})),
        msgspec.structs.replace(ASKED, opaque=Opaque("gemini", {"new": msgspec.Raw(b"1")})),
    ]
    for one, other in combinations(map(asked, differing), 2):
        assert (one.rest, one.question) != (other.rest, other.question)


def test_a_marked_text_is_more_than_its_words() -> None:
    marked = Message(Role.USER, (Text("hello", CacheMark()),))
    assert asked(ChatRequest("m", (marked,))).question is None


def test_members_that_are_said_to_be_without_effect_are_left_out() -> None:
    members = {"new": msgspec.Raw(b"1"), "other": msgspec.Raw(b"2")}
    full = msgspec.structs.replace(ASKED, user="ann", metadata={"a": "b"}, opaque=Opaque("openai_chat", members))
    kept = msgspec.structs.replace(ASKED, opaque=Opaque("openai_chat", {"other": msgspec.Raw(b"2")}))
    assert asked(full, ("user", "metadata", "new")) == asked(kept)
    assert asked(full, ("user", "metadata", "new", "other")) == asked(ASKED)
    assert asked(ASKED, ("user",)) == asked(ASKED)


def test_how_the_cap_is_spelled_does_not_matter() -> None:
    spelled = Opaque("openai_chat", {"max_tokens": msgspec.Raw(b"null")})
    assert asked(msgspec.structs.replace(ASKED, opaque=spelled)) == asked(ASKED)
    unknown = Opaque("openai_chat", {"max_tokens": msgspec.Raw(b"5")})
    assert asked(msgspec.structs.replace(ASKED, opaque=unknown)) != asked(ASKED)


def test_kinds_of_parts_cannot_be_taken_for_one_another() -> None:
    for kinds in (get_args(Part), get_args(Source), get_args(Tool)):
        members = [kind.__struct_fields__ for kind in kinds]
        assert len(set(members)) == len(members)


def test_a_request_without_a_neutral_form_is_one_text_however_it_is_written() -> None:
    one = asked_of(b"embed", read_once(b'{"input": "a",  "model": "m", "user": "ann"}'), ("user",))
    assert one == asked_of(b"embed", {"model": "m", "input": "a"})
    assert one.question is None
    assert one != asked_of(b"embed", {"model": "m", "input": "b"})
    assert one != asked_of(b"rerank", {"model": "m", "input": "a"})
    assert asked_of(b"", [1, 2], ("user",)) == asked_of(b"", read_once(b"[1, 2]"))


def says_twice(body: bytes) -> bool:
    try:
        read_once(body)
    except ValueError:
        return True
    return False


def test_a_name_that_stands_twice_is_noticed_wherever_it_stands() -> None:
    assert not says_twice(b'{"a":{"b":1},"c":[{"b":1},{"b":2}]}')
    assert says_twice(b'{"a":1,"a":1}')
    assert says_twice(b'{"m":[{"content":"x","content":"y"}]}')
    assert says_twice(b'{"m":[{"content":"x","cont\\u0065nt":"y"}]}')
    assert says_twice(b'{"a\\\\":1, "a\\u005c":1}')
    assert says_twice(b"nonsense")
    assert says_twice(b'{"a":"\xff"}')
    assert says_twice(b"[" * 100_000)


def test_how_numbers_and_characters_are_spelled_is_no_matter() -> None:
    spelled = b'{ "a" : "\\u0061\\/\\\\\\"", "b":1E2, "c" : 123456789012345678901234567890 }'
    assert read_once(spelled) == {"a": 'a/\\"', "b": 100.0, "c": 123456789012345678901234567890}


class Pairs(list[tuple[str, Any]]):
    """An object with all of its members, those that stand twice as well."""


SCALARS = st.none() | st.booleans() | st.integers() | st.text('a":\\\\, \\n\u00e4', max_size=4)
NAMES = st.text('a":\\\\ ', max_size=2)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=4).map(Pairs),
    max_leaves=12,
)


@given(VALUES, st.data())
def test_what_is_said_once_and_what_twice_is_told_apart_in_every_writing(value: Any, data: st.DataObject) -> None:
    is_ascii = data.draw(st.booleans())

    def space() -> str:
        return data.draw(st.sampled_from(("", "", " ", "\n\t")))

    def string(text: str) -> str:
        if data.draw(st.booleans()):
            return '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"'
        return json.dumps(text, ensure_ascii=is_ascii)

    def write(value: Any) -> str:
        if isinstance(value, Pairs):
            members = [f"{space()}{string(name)}{space()}:{space()}{write(inner)}" for name, inner in value]
            return "{" + ",".join(members) + space() + "}"
        if isinstance(value, list):
            return "[" + ",".join(space() + write(inner) for inner in value) + "]"
        return string(value) if isinstance(value, str) else json.dumps(value)

    def is_twice(value: Any) -> bool:
        if isinstance(value, Pairs):
            names = [name for name, _ in value]
            return len(set(names)) < len(names) or any(is_twice(inner) for _, inner in value)
        return isinstance(value, list) and any(map(is_twice, value))

    assert says_twice(write(value).encode()) == is_twice(value)
