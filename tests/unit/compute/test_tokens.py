"""The job that counts tokens, compared with tiktoken."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.compute.jobs import find
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.census import Texts
from stellwerk.core.chat import Role
from stellwerk.core.vocabulary import CL100K, O200K
from tests.tiktoken_oracle import oracle

SAMPLES = (
    "",
    "A signal box sets every train's route.",
    "Das Stellwerk stellt jede Fahrstraße; Weichen und Signale schließen einander aus.",
    "信号楼为每列火车安排进路。碰撞成为不可能。",
    "信号扱所はすべての列車の進路を設定する。",
    "def route(train):\n\tfor signal in train.path:\n\t\tsignal.clear()\n\n\n",
    '{"a":[1,2.5e-3,null],"b":{"c":"\\u00e9"}}',
    "🚂🚃🚃 👩‍👩‍👧‍👦 e\u0301 \u200b\ufeff",
    "<|endoftext|><|im_start|>",
    "   \t\n\r\n  x" * 50,
    "a" * 10_000,
    "1234567890" * 500,
)


def count(vocabulary: str, *texts: str) -> list[int]:
    payload = msgspec.msgpack.encode(Texts(vocabulary, list(texts)))
    answer = find("tokens")(payload, Ticket(time.monotonic() + 60.0))
    return msgspec.msgpack.decode(answer, type=list[int])


@pytest.mark.parametrize("vocabulary", [O200K, CL100K])
def test_samples_have_as_many_tokens_as_tiktoken_says(vocabulary: str) -> None:
    truth = oracle(vocabulary)
    assert count(vocabulary, *SAMPLES) == [len(truth.encode_ordinary(text)) for text in SAMPLES]


@pytest.mark.parametrize("vocabulary", [O200K, CL100K])
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_as_many_tokens_as_tiktoken_says(vocabulary: str, text: str) -> None:
    assert count(vocabulary, text) == [len(oracle(vocabulary).encode_ordinary(text))]


@pytest.mark.parametrize("vocabulary", [O200K, CL100K])
def test_every_role_is_one_token(vocabulary: str) -> None:
    assert set(count(vocabulary, *(role.value for role in Role))) == {1}


def test_other_vocabularies_and_other_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="no vocabulary"):
        count("llama3", "x")
    with pytest.raises(msgspec.DecodeError):
        find("tokens")(b"\xc1", Ticket(time.monotonic() + 60.0))


def test_nobody_is_counted_for_who_has_left() -> None:
    ticket = Ticket(time.monotonic() + 60.0)
    ticket.is_dropped = True
    with pytest.raises(Abandoned):
        find("tokens")(msgspec.msgpack.encode(Texts(O200K, ["x"])), ticket)
    with pytest.raises(Abandoned):
        find("tokens")(msgspec.msgpack.encode(Texts(O200K, ["x"])), Ticket(time.monotonic()))
