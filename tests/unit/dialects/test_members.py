"""Whether the members that were read account for all of a body: if so, none of them stands twice."""

from __future__ import annotations

import pytest

from stellwerk.core.part import Text
from stellwerk.dialects.members import Members
from stellwerk.dialects.openai_chat.request import decode
from stellwerk.errors import InvalidRequest


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b" { } \n",
        b'{"a":1}',
        b'{ "a" : {"a":[1,{"b":2}]} ,\r\n\t"b" : "x, \\"a\\":1" }\n',
        b'{"a":null,"b":[],"":0}',
    ],
)
def test_members_that_stand_once_account_for_the_body(body: bytes) -> None:
    assert Members(body).is_all_of(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":1}',
        b'{"a":1,"b":2,"a":3}',
        b'{"a":{"k":1,"b":2},"b":2,"a":{"k":1}}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":12,"b":0,"a":1}',
        b'{"\\u0062":1}',
    ],
)
def test_members_that_stand_twice_or_are_spelled_otherwise_do_not(body: bytes) -> None:
    assert not Members(body).is_all_of(body)


def test_a_name_spelled_with_escapes_is_read_and_refused_when_it_stands_twice() -> None:
    body = b'{"\\u006dodel":"m","messages":[{"role":"user","content":"x"}]}'
    assert decode(body).messages[0].parts == (Text("x"),)
    with pytest.raises(InvalidRequest, match="Duplicate parameter: 'model'"):
        decode(body.replace(b'"messages"', b'"model":"n","messages"'))
