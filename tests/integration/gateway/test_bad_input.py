"""Bad input: the dialect's error shape, the right status, what and where, and nothing about the inside."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.integration.gateway.clients import Told, asking, chat, once, raw
from tests.integration.gateway.kit import CHAT, KEY, SERVER, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.http.caller import chunked, get
from tests.integration.http.loop import eventually, on_loop

SMALL = SERVER + "limits = { max_body_bytes = 100_000 }\n"
BODIES: dict[str, tuple[bytes, str | None]] = {
    "nothing": (b"", None),
    "no JSON": (b"model=plain", None),
    "half a JSON": (asking()[:-1], None),
    "two JSONs": (asking() * 2, None),
    "an array": (b"[]", None),
    "a number": (b"7", None),
    "null": (b"null", None),
    "no model": (b'{"messages":[]}', "model"),
    "no messages": (b'{"model":"plain"}', "messages"),
    "a model that is a number": (b'{"model":1,"messages":[]}', "model"),
    "a model that is null": (b'{"model":null,"messages":[]}', "model"),
    "messages that are text": (b'{"model":"plain","messages":"hi"}', "messages"),
    "messages that are null": (b'{"model":"plain","messages":null}', "messages"),
    "stream as text": (asking(stream="yes"), "stream"),
    "stream as a number": (asking(stream=1), "stream"),
    "stream options as an array": (asking(stream=True, stream_options=[]), "stream_options"),
    "include_usage as text": (
        asking(stream=True, stream_options={"include_usage": "true"}),
        "stream_options.include_usage",
    ),
    "max_tokens as text": (asking(max_tokens="9"), "max_tokens"),
    "max_tokens below zero": (asking(max_tokens=-1), "max_tokens"),
    "n of zero": (asking(n=0), "n"),
    "n as a fraction": (asking(n=1.5), "n"),
    "a model given twice": (b'{"model":"plain","messages":[],"model":"plain"}', "model"),
    "stream given twice": (b'{"model":"plain","messages":[],"stream":true,"stream":false}', "stream"),
    "broken UTF-8": (asking().replace(b"signal", b"sign\xffal"), None),
    "half a character": (asking().replace(b"signal", b"sign\xc3"), None),
    "a byte order mark": (b"\xef\xbb\xbf" + asking(), None),
    "NaN": (b'{"model":"plain","messages":[],"temperature":NaN}', None),
    "arrays 10,000 deep": (asking(metadata=1).replace(b":1}", b":" + b"[" * 10_000 + b"]" * 10_000 + b"}"), None),
    "objects 10,000 deep": (
        asking(metadata=1).replace(b":1}", b":" + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}"),
        None,
    ),
    "brackets without an end": (b'{"model":"plain","messages":' + b"[" * 50_000, None),
}


async def refused(gateway: Gateway, request: bytes, status: int, *, to: bytes = b"POST") -> Told:
    """The refusal of a raw request, with all that must stand in any."""
    told = await once(gateway, request, to=to)
    assert told.status == status, told.body
    assert len(told.fields[b"x-request-id"]) == 32
    return told


@pytest.mark.parametrize("name", BODIES)
@on_loop
async def test_a_body_that_no_provider_should_see_is_refused_with_400(tmp_path: Path, name: str) -> None:
    body, param = BODIES[name]
    async with scripted(tmp_path) as (gateway, upstream):
        told = await refused(gateway, chat(body), 400)
        assert told.error["type"] == "invalid_request_error"
        assert told.error["code"] == "invalid_request"
        assert told.error["param"] == param
        assert not upstream.requests
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("failed", 400, "invalid_request")
        assert (event.key_name, event.request_bytes, event.attempts) == ("web", len(body), 0)


@on_loop
async def test_the_connection_serves_on_after_a_bad_body(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        for body, _param in BODIES.values():
            await caller.ask(body)
            assert (await caller.told()).status == 400
        await caller.ask(asking())
        assert (await caller.told()).status == 200


@pytest.mark.parametrize("model", ["nosuch", "", "plain ", "PLAIN", "päin", "x" * 5_000, "{model}", "\u0000"])
@on_loop
async def test_an_unknown_model_is_404(tmp_path: Path, model: str) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        told = await refused(gateway, chat(asking(model=model)), 404)
        assert told.error["code"] == "model_not_found"
        assert told.error["param"] == "model"
        assert told.error["type"] == "invalid_request_error"
        assert len(told.body) < 1_000
        assert not upstream.requests


@on_loop
async def test_the_record_of_a_request_is_bounded_whatever_model_it_named(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        await refused(gateway, chat(asking(model="x" * 1_000_000)), 404)
        assert len((await gateway.event()).model) <= 1_024


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (b"Authorization: Bearer",),
        (b"Authorization: Bearer sk-wrong",),
        (b"Authorization: Basic d2ViOndlYg==",),
        (b"Authorization: " + KEY.encode(),),
        (b"Authorization: Bearer " + KEY.encode() + b"x",),
        (b"Authorization: Bearer " + KEY.encode()[:-1],),
        (b"x-api-key: wrong",),
        (b"x-goog-api-key: wrong",),
        (b"x-api-key: " + KEY.encode() + b", " + KEY.encode(),),
        (b"Authorization: Bearer wrong", b"x-api-key: " + KEY.encode()),
        (b"Authorization: Bearer \xff\xfe",),
    ],
    ids=range(12),
)
@on_loop
async def test_a_missing_or_wrong_key_is_401(tmp_path: Path, fields: tuple[bytes, ...]) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        told = await refused(gateway, chat(asking(), *fields, key=None), 401)
        assert told.error["code"] == "invalid_api_key"
        assert told.error["type"] == "invalid_request_error"
        assert not upstream.requests
        event = await gateway.event()
        assert (event.key_name, event.team, event.model, event.error) == ("", "", "", "invalid_api_key")


@pytest.mark.parametrize(
    "name", [b"Authorization: Bearer ", b"authorization: bearer ", b"x-api-key: ", b"x-goog-api-key: "]
)
@on_loop
async def test_a_key_is_taken_from_every_header_that_clients_use(tmp_path: Path, name: bytes) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await once(gateway, chat(asking(), name + KEY.encode(), key=None))
        assert told.status == 200
        assert (await gateway.event()).key_name == "web"


@on_loop
async def test_a_body_that_announces_too_much_is_413_before_it_is_sent(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=SMALL) as (gateway, upstream), raw(gateway) as caller:
        head = chat(b"").replace(b"Content-Length: 0", b"Content-Length: 100001")
        await caller.send(head)
        told = await caller.told()
        assert told.status == 413
        assert told.error["code"] == "payload_too_large"
        assert "100000 bytes" in told.error["message"]
        assert told.fields[b"connection"] == b"close"
        assert len(told.fields[b"x-request-id"]) == 32
        assert not upstream.requests


@on_loop
async def test_a_chunked_body_that_grows_too_large_is_413(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=SMALL) as (gateway, upstream), raw(gateway) as caller:
        fields = b"Authorization: Bearer " + KEY.encode() + b"\r\nTransfer-Encoding"
        await caller.send(chunked(CHAT, b"x" * 60_000, b"x" * 60_000).replace(b"Transfer-Encoding", fields, 1))
        told = await caller.told()
        assert (told.status, told.error["code"]) == (413, "payload_too_large")
        assert len(told.fields[b"x-request-id"]) == 32
        assert not upstream.requests


@on_loop
async def test_a_body_of_just_the_allowed_size_is_served(tmp_path: Path) -> None:
    body = asking("x" * (100_000 - len(asking(""))))
    assert len(body) == 100_000
    async with scripted(tmp_path, sections=SMALL) as (gateway, upstream):
        assert (await once(gateway, chat(body))).status == 200
        assert len(upstream.bodies[0]) == len(body) - len("plain") + len("gpt-5-mini")


@on_loop
async def test_nobodys_large_body_is_turned_away_before_it_is_sent(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        await caller.send(chat(b"", key="wrong").replace(b"Content-Length: 0", b"Content-Length: 1000000"))
        told = await caller.told()
        assert (told.status, told.error["code"]) == (401, "invalid_api_key")
        assert len(told.fields[b"x-request-id"]) == 32
        event = await gateway.event()
        assert (event.status, event.error, event.outcome) == (401, "invalid_api_key", "failed")


@on_loop
async def test_a_large_body_is_invited_from_whom_the_gateway_knows(tmp_path: Path) -> None:
    body = asking("x" * 200_000)
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        request = chat(body, b"Expect: 100-continue")
        await caller.send(request[: -len(body)])
        assert (await caller.answer(to=b"POST")).status == 100
        await caller.send(body)
        assert (await caller.told()).status == 200
        await caller.send(chat(body, path=b"/v1/models"))
        assert (await caller.told()).status == 405


@on_loop
async def test_a_body_that_comes_too_slowly_is_408(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream), raw(gateway) as caller:
        await caller.send(chat(asking())[:-5])
        await eventually(lambda: gateway.awaits_a_body)
        gateway.advance(31)
        told = await caller.told()
        assert (told.status, told.error["code"]) == (408, "request_timeout")
        assert len(told.fields[b"x-request-id"]) == 32
        assert not upstream.requests


@pytest.mark.parametrize(
    "path", [b"/", b"/v1", b"/v1/chat", b"/v1/chat/completions/", b"/v2/models", b"/v1/models%2Fx"]
)
@on_loop
async def test_an_unknown_path_is_404(tmp_path: Path, path: bytes) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await refused(gateway, get(path), 404, to=b"GET")
        assert told.error["code"] == "not_found"
        assert path.decode() in told.error["message"]
        assert not gateway.events


@pytest.mark.parametrize(
    "name", [b"nosuch", b"%ff%fe", b"%00", b"%22%7D%0d%0a", b"a%2fb", b"", b"x" * 9_000, b"%", b"%zz"]
)
@on_loop
async def test_a_model_that_is_looked_up_under_an_odd_name_is_404(tmp_path: Path, name: bytes) -> None:
    async with scripted(tmp_path) as (gateway, _):
        request = get(b"/v1/models/" + name, b"Authorization: Bearer " + KEY.encode())
        told = await refused(gateway, request, 404, to=b"GET")
        assert (told.error["code"], told.error["param"]) == ("model_not_found", "model")
        assert len(told.body) < 1_000


@pytest.mark.parametrize("model", [b'"\\ud800"', b'"\\ud83e\\udd8a"', b'"\\u0000\\n"', b'"%s"' % ("ä" * 300).encode()])
@on_loop
async def test_a_model_of_an_odd_spelling_is_refused_in_sound_json(tmp_path: Path, model: bytes) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await once(gateway, chat(b'{"model":%b,"messages":[]}' % model))
        assert told.status in {400, 404}
        assert told.error["type"] == "invalid_request_error"


@on_loop
async def test_a_query_and_another_content_type_make_no_difference(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        plain = chat(asking(), path=CHAT + b"?api-version=2024-10-21").replace(b"application/json", b"text/plain")
        assert (await once(gateway, plain)).status == 200
        assert upstream.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
        assert b"\r\ncontent-type: application/json\r\n" in upstream.requests[0]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        (b"GET", CHAT, b"POST"),
        (b"PUT", CHAT, b"POST"),
        (b"DELETE", CHAT, b"POST"),
        (b"POST", b"/v1/models", b"GET, HEAD"),
        (b"DELETE", b"/v1/models/plain", b"GET, HEAD"),
        (b"POST", b"/livez", b"GET, HEAD"),
        (b"PUT", b"/metrics", b"GET, HEAD"),
    ],
    ids=str,
)
@on_loop
async def test_a_wrong_method_is_405_and_says_what_is_allowed(
    tmp_path: Path, method: bytes, path: bytes, allow: bytes
) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await refused(gateway, chat(b"", method=method, path=path), 405, to=method)
        assert told.error["code"] == "method_not_allowed"
        assert told.fields[b"allow"] == allow
        assert not gateway.events


@on_loop
async def test_options_without_cross_origin_permission_is_405_and_says_what_is_allowed(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await refused(gateway, chat(b"", method=b"OPTIONS"), 405, to=b"OPTIONS")
        assert b"allow" in told.fields


@on_loop
async def test_head_is_answered_without_a_body(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        await caller.send(chat(b"", method=b"HEAD", path=b"/v1/models"))
        answer = await caller.answer(to=b"HEAD")
        assert answer.status == 200
        assert int(answer.field(b"content-length") or 0) > 0
        await caller.send(chat(b"", method=b"HEAD"))
        refusal = await caller.answer(to=b"HEAD")
        assert refusal.status == 405
        assert refusal.field(b"allow") == b"POST"
        await caller.ask(asking())
        assert (await caller.told()).status == 200


@pytest.mark.parametrize("seconds", [b"0", b"-1", b"abc", b"nan", b"inf", b"", b"1, 2", b"1_0"])
@on_loop
async def test_a_timeout_that_is_no_time_is_400(tmp_path: Path, seconds: bytes) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        told = await refused(gateway, chat(asking(), b"x-stellwerk-timeout: " + seconds), 400)
        assert told.error["param"] == "x-stellwerk-timeout"
        assert not upstream.requests


@pytest.mark.parametrize(
    "tags", [b"team", b"=v", b"a=1,b", b"a=1,,b=2", b"k=\xc3\xa4", b"k=" + b"v" * 1_100], ids=range(6)
)
@on_loop
async def test_tags_that_are_no_pairs_are_400(tmp_path: Path, tags: bytes) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        told = await refused(gateway, chat(asking(), b"x-stellwerk-tags: " + tags), 400)
        assert told.error["param"] == "x-stellwerk-tags"
        assert not upstream.requests


@pytest.mark.parametrize("tags", [b"k=v", b"team=shop,feature=search", b"a=1, b=2"])
@on_loop
async def test_tags_are_on_record(tmp_path: Path, tags: bytes) -> None:
    async with scripted(tmp_path) as (gateway, _):
        assert (await once(gateway, chat(asking(), b"x-stellwerk-tags: " + tags))).status == 200
        assert (await gateway.event()).tags == tags.decode()


@on_loop
async def test_what_is_not_http_is_refused_in_the_dialect_too(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        for request in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ):
            told = await refused(gateway, request, 400, to=b"GET")
            assert told.error["type"] == "invalid_request_error"
        long = b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        assert (await refused(gateway, long, 431, to=b"GET")).error["code"] == "headers_too_large"


@on_loop
async def test_a_thousand_bad_requests_leave_a_gateway_that_serves(tmp_path: Path) -> None:
    bodies = [body for body, _ in BODIES.values() if len(body) < 1_000]
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        for turn in range(1_000):
            await caller.ask(bodies[turn % len(bodies)])
            assert (await caller.told()).status == 400
        await caller.ask(asking())
        told = await caller.told()
        assert told.status == 200
        assert told.json["choices"][0]["message"]["content"] == "Hello."
        assert msgspec.json.encode(gateway.logged) == b"[]"
