"""What an answer depends on: everything but how it is to be sent, and what is said to be without effect."""

from itertools import combinations
from typing import get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Message, Role, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import CacheMark, Image, Part, Source, Text, UrlSource
from stellwerk.core.request_key import asked, asked_of, digest, says_twice
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
    one = asked_of(b"embed", b'{"input": "a",  "model": "m", "user": "ann"}', ("user",))
    assert one == asked_of(b"embed", b'{"model":"m","input":"a"}')
    assert one.question is None
    assert one != asked_of(b"embed", b'{"model":"m","input":"b"}')
    assert one != asked_of(b"rerank", b'{"model":"m","input":"a"}')
    assert asked_of(b"", b"[1, 2]", ("user",)) == asked_of(b"", b"[1,2]")


def test_a_name_that_stands_twice_is_noticed_wherever_it_stands() -> None:
    assert not says_twice(b'{"a":{"b":1},"c":[{"b":1},{"b":2}]}')
    assert says_twice(b'{"a":1,"a":1}')
    assert says_twice(b'{"m":[{"content":"x","content":"y"}]}')
    assert says_twice(b'{"m":[{"content":"x","cont\\u0065nt":"y"}]}')
    assert says_twice(b"nonsense")
    assert says_twice(b"[" * 100_000)
