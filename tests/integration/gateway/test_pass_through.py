"""Same dialect in and out: bytes pass as they came, whatever the provider's chunks and reads."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.gateway.clients import asking, chat, once, raw
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    LAST_CHUNK,
    ROLE,
    SOUND,
    STREAM_HEAD,
    USAGE,
    answers,
    chunk,
    completes,
    said,
    streams,
)
from tests.integration.http.loop import on_loop
from tests.integration.http.provider import Upstream

ODD_BODY = (
    b' {\t"unknown" : [1, 2.50, 1e3,"\\u00e4\xc3\xa4"],\r\n "messages":[{"role":"user","content":"a\\/b"}] ,'
    b'"temperature":0.70,"model" : "plain" ,"big":123456789012345678901234567890}\n '
)
ODD_EVENTS = (
    b": OPENROUTER PROCESSING\n\n",
    b"event: message\r\nid: 7\r\nretry: 10\r\n" + ROLE.replace(b"\n\n", b"\r\n\r\n"),
    said("\u00e4\U0001f98a").replace(b"data: ", b"data:"),
    b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"two lines"},"finish_reason":null}]}\n\n',
    b": keep-alive\n\n",
    FINISH.replace(b'"id":"c",', b'"id":"c","x_unknown":{"usage":null},'),
)


@on_loop
async def test_a_body_reaches_the_provider_as_it_was_but_for_the_models_name(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        assert (await once(gateway, chat(ODD_BODY))).status == 200
        assert upstream.bodies == [ODD_BODY.replace(b'"plain"', b'"gpt-5-mini"')]


@on_loop
async def test_a_model_of_the_same_name_leaves_the_body_alone(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        renamed = gateway.source.replace('name = "plain"', 'name = "gpt-5-mini"')
        gateway.adopt(gateway.compile(renamed.replace('models = ["plain"]', 'models = ["*"]')))
        body = ODD_BODY.replace(b'"plain"', b'"gpt-5-mini"')
        assert (await once(gateway, chat(body))).status == 200
        assert upstream.bodies == [body]


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        (
            b'{"model":"plain","messages":[],"stream":true}',
            b'{"stream_options":{"include_usage":true},"model":"gpt-5-mini","messages":[],"stream":true}',
        ),
        (
            b'{"stream_options":{"include_usage":false,"x":1},"model":"plain","messages":[],"stream":true}',
            b'{"stream_options":{"include_usage":true,"x":1},"model":"gpt-5-mini","messages":[],"stream":true}',
        ),
        (
            b'{"stream_options":null,"model":"plain","messages":[],"stream":true}',
            b'{"stream_options":{"include_usage":true},"model":"gpt-5-mini","messages":[],"stream":true}',
        ),
        (
            b'{"stream_options":{"include_usage":true},"model":"plain","messages":[],"stream":true}',
            b'{"stream_options":{"include_usage":true},"model":"gpt-5-mini","messages":[],"stream":true}',
        ),
    ],
)
@on_loop
async def test_a_stream_asks_for_usage_and_changes_nothing_else(tmp_path: Path, body: bytes, arrives: bytes) -> None:
    async with scripted(tmp_path, streams()) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(body)
        await caller.answer(to=b"POST")
        assert upstream.bodies == [arrives]


@on_loop
async def test_the_request_says_what_it_must_and_nothing_of_its_caller(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        fields = (b"User-Agent: my-app/1.0", b"X-Secret: mine", b"Cookie: a=b", b"X-Forwarded-For: 203.0.113.9")
        assert (await once(gateway, chat(asking(), *fields))).status == 200
        head, _, body = upstream.requests[0].partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        assert line == b"POST /v1/chat/completions HTTP/1.1"
        assert sorted(lines) == sorted(
            [
                b"host: 127.0.0.1:%d" % upstream.port,
                b"content-type: application/json",
                b"accept-encoding: identity",
                b"user-agent: stellwerk",
                b"authorization: Bearer upstream-secret-one",
                b"content-length: %d" % len(body),
            ]
        )


@pytest.mark.parametrize(
    "body",
    [COMPLETION, COMPLETION.replace(b",", b" ,\n"), b' \r\n{"choices":[]}\n', b'{"choices":[],"x":"\xf0\x9f\xa6\x8a"}'],
    ids=range(4),
)
@on_loop
async def test_a_whole_reply_comes_as_the_provider_wrote_it(tmp_path: Path, body: bytes) -> None:
    framed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Own: a\r\nSet-Cookie: b=c\r\n\r\n"
    framed += b"".join(chunk(body[begin : begin + 7]) for begin in range(0, len(body), 7)) + LAST_CHUNK
    async with scripted(tmp_path, completes(body), answers(framed)) as (gateway, _):
        for _ in range(2):
            told = await once(gateway, chat(asking()))
            assert told.body == body
            assert not {b"x-own", b"set-cookie"} & told.fields.keys()
        assert (await gateway.event(2)).reply_bytes == len(body)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` cut at the given places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in itertools.pairwise(places) if begin < end]


async def streamed(folder: Path, reads: list[bytes], *, wants_usage: bool) -> tuple[bytes, Any]:
    """What a caller gets of a stream that the provider sends in the given writes, and the event."""

    async def act(upstream: Upstream) -> None:
        for read in reads:
            await upstream.send(read)

    async with scripted(folder, act) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(stream=True, stream_options={"include_usage": wants_usage}))
        answer = await caller.answer(to=b"POST")
        event = await gateway.event()
        assert event.reply_bytes == len(answer.body)
        return answer.body, event


@pytest.mark.parametrize("wants_usage", [False, True], ids=["stripping", "passing"])
@pytest.mark.parametrize("seed", range(6))
@on_loop
async def test_a_stream_comes_as_the_provider_wrote_it_for_every_chunking(
    tmp_path: Path, seed: int, wants_usage: bool
) -> None:
    dice = random.Random(seed)
    events = b"".join((*ODD_EVENTS, USAGE, DONE))
    expected = events if wants_usage else b"".join((*ODD_EVENTS, DONE))
    chunks = pieces(events, [dice.randrange(10**6) for _ in range(dice.choice((0, 3, 30, 300)))])
    wire = STREAM_HEAD + b"".join(map(chunk, chunks)) + LAST_CHUNK
    reads = pieces(wire, [dice.randrange(10**6) for _ in range(dice.choice((0, 3, 30)))])
    body, event = await streamed(tmp_path, reads, wants_usage=wants_usage)
    assert body == expected
    assert (event.outcome, event.finish) == ("complete", "stop")
    assert (event.input_tokens, event.output_tokens) == (11, 7)


@on_loop
async def test_usage_split_over_two_chunks_is_read_and_stripped(tmp_path: Path) -> None:
    middle = len(USAGE) // 2
    parts = (*SOUND[:4], USAGE[:middle], USAGE[middle:], DONE)
    wire = STREAM_HEAD + b"".join(map(chunk, parts)) + LAST_CHUNK
    body, event = await streamed(tmp_path, [wire], wants_usage=False)
    assert body == b"".join((*SOUND[:4], DONE))
    assert (event.input_tokens, event.output_tokens) == (11, 7)


@on_loop
async def test_usage_beside_the_last_choice_is_cut_out_of_its_event(tmp_path: Path) -> None:
    beside = FINISH.replace(b"}\n\n", b',"usage":{"prompt_tokens":11,"completion_tokens":7}}\n\n')
    body, event = await streamed(
        tmp_path, [STREAM_HEAD + chunk(ROLE + said("a") + beside + DONE) + LAST_CHUNK], wants_usage=False
    )
    assert body == ROLE + said("a") + FINISH + DONE
    assert (event.input_tokens, event.output_tokens) == (11, 7)


@given(
    cuts=st.lists(st.integers(0, 10**6), max_size=40),
    reads=st.lists(st.integers(0, 10**6), max_size=10),
    texts=st.lists(st.text(min_size=1), min_size=1, max_size=8),
    wants_usage=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_whatever_is_said_arrives_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], reads: list[int], texts: list[str], wants_usage: bool
) -> None:
    spoken = [ROLE, *map(said, texts), FINISH]
    events = b"".join((*spoken, USAGE, DONE))

    @on_loop
    async def check() -> None:
        wire = STREAM_HEAD + b"".join(map(chunk, pieces(events, cuts))) + LAST_CHUNK
        folder = tmp_path_factory.mktemp("gateway")
        body, event = await streamed(folder, pieces(wire, reads), wants_usage=wants_usage)
        assert body == (events if wants_usage else b"".join((*spoken, DONE)))
        assert (event.outcome, event.output_tokens) == ("complete", 7)

    check()
