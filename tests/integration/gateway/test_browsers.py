"""Calls from web pages: who may, what a preflight is told, and that errors can be read there too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, raw, whole
from tests.integration.gateway.kit import CHAT, SERVER
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import streams
from tests.integration.http.loop import on_loop

APP = b"https://app.example.com"
SOME = SERVER + 'cors = { origins = ["https://app.example.com"], max_age_s = 77 }\n'
ANY = SERVER + 'cors = { origins = ["*"] }\n'


def preflight(origin: bytes, *fields: bytes, path: bytes = CHAT) -> bytes:
    """What a browser asks before it sends the request."""
    lines = (b"Host: a", b"Origin: " + origin, b"Access-Control-Request-Method: POST", *fields)
    return b"OPTIONS %b HTTP/1.1\r\n%b\r\n\r\n" % (path, b"\r\n".join(lines))


@on_loop
async def test_an_allowed_page_may_call_and_read_every_header(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=SOME) as (gateway, _):
        answer = await whole(gateway, chat(asking(), b"Origin: " + APP))
        assert answer.status == 200
        assert answer.field(b"access-control-allow-origin") == APP
        assert answer.field(b"access-control-expose-headers") == b"*"
        assert answer.field(b"vary") == b"origin"
        assert answer.field(b"access-control-allow-credentials") is None


@on_loop
async def test_a_stream_may_be_read_by_a_page_too(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(), sections=SOME) as (gateway, _):
        answer = await whole(gateway, chat(asking(stream=True), b"Origin: " + APP))
        assert answer.field(b"access-control-allow-origin") == APP
        assert answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "origin", [b"https://evil.example.com", b"http://app.example.com", b"null", APP + b".evil.com", APP + b":8443", b""]
)
@on_loop
async def test_another_page_is_told_nothing(tmp_path: Path, origin: bytes) -> None:
    async with scripted(tmp_path, sections=SOME) as (gateway, _):
        answer = await whole(gateway, chat(asking(), b"Origin: " + origin))
        assert answer.status == 200
        assert answer.field(b"access-control-allow-origin") is None
        assert answer.field(b"vary") == b"origin"
        refused = await whole(gateway, preflight(origin), to=b"OPTIONS")
        assert refused.status == 405
        assert refused.field(b"access-control-allow-origin") is None
        assert refused.field(b"access-control-allow-methods") is None


@pytest.mark.parametrize("path", [CHAT, b"/v1/models"])
@on_loop
async def test_a_preflight_is_granted_what_it_asks_for(tmp_path: Path, path: bytes) -> None:
    async with scripted(tmp_path, sections=SOME) as (gateway, upstream):
        wanted = b"authorization, content-type, x-stellwerk-tags"
        asked = preflight(APP, b"Access-Control-Request-Headers: " + wanted, path=path)
        answer = await whole(gateway, asked, to=b"OPTIONS")
        assert answer.status == 200
        assert answer.field(b"access-control-allow-origin") == APP
        assert b"POST" in (answer.field(b"access-control-allow-methods") or b"")
        assert answer.field(b"access-control-allow-headers") == wanted
        assert answer.field(b"access-control-max-age") == b"77"
        assert answer.body == b""
        assert not upstream.requests
        assert not gateway.events


@on_loop
async def test_any_page_may_call_where_the_configuration_says_so(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=ANY) as (gateway, _):
        answer = await whole(gateway, chat(asking(), b"Origin: https://anything.example"))
        assert answer.field(b"access-control-allow-origin") == b"*"
        granted = await whole(gateway, preflight(b"null"), to=b"OPTIONS")
        assert granted.status == 200
        assert granted.field(b"access-control-allow-origin") == b"*"
        assert granted.field(b"access-control-allow-headers") == b"*"
        assert (await whole(gateway, chat(asking()))).field(b"vary") is None


@on_loop
async def test_errors_can_be_read_by_the_page_that_caused_them(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=SOME) as (gateway, _):
        origin = b"Origin: " + APP
        too_large = chat(b"", origin).replace(b"Content-Length: 0", b"Content-Length: 99999999999")
        for request, status in (
            (chat(b"nonsense", origin), 400),
            (chat(asking(), origin, key="wrong"), 401),
            (chat(asking(model="no"), origin), 404),
            (chat(b"", origin, path=b"/nowhere"), 404),
            (too_large, 413),
        ):
            answer = await whole(gateway, request)
            assert answer.status == status
            assert answer.field(b"access-control-allow-origin") == APP
            assert answer.field(b"access-control-expose-headers") == b"*"


@on_loop
async def test_options_that_is_no_preflight_is_not_served(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections=SOME) as (gateway, _), raw(gateway) as caller:
        await caller.send(b"OPTIONS %b HTTP/1.1\r\nHost: a\r\nOrigin: %b\r\n\r\n" % (CHAT, APP))
        assert (await caller.told()).status == 405
        await caller.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await caller.told()).status == 405


@on_loop
async def test_without_permission_pages_learn_nothing(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        answer = await whole(gateway, chat(asking(), b"Origin: " + APP))
        assert not [name for name, _ in answer.fields if name.startswith(b"access-control")]
        assert (await whole(gateway, preflight(APP), to=b"OPTIONS")).status == 405
