"""Media behind URLs, through a whole gateway: fetched for providers that take bytes, from where they may be."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.egress.resolver import GuardedResolver
from stellwerk.gateway.media import MOST_AT_ONCE
from stellwerk.http.tls import server_context
from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.test_operation import TOKEN, parse
from tests.integration.gateway.upstream import Act, Script, answers, chunk, completes, ends_after, refuses, script
from tests.integration.http.caller import get
from tests.integration.http.certificates import Authority
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import Upstream, reply

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + b"x" * 900
NAME = "pictures.test"
MESSAGES = b"/v1/messages"
COUNTS = MESSAGES + b"/count_tokens"
SAID = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"text":"A cat."}]},"finishReason":"STOP","index":0}],'
    b'"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,"totalTokenCount":8},"modelVersion":"g",'
    b'"responseId":"r"}'
)
SPOKEN = (
    b'{"output":{"message":{"role":"assistant","content":[{"text":"A cat."}]}},"stopReason":"end_turn",'
    b'"usage":{"inputTokens":5,"outputTokens":3,"totalTokens":8},"metrics":{"latencyMs":1}}'
)


def google(upstream: Script, name: str = "google") -> str:
    """A provider that takes bytes."""
    url = f"http://127.0.0.1:{upstream.port}"
    return f'\n[[providers]]\nname = "{name}"\nkind = "gemini"\nbase_url = "{url}"\napi_key = "{provider_key(name)}"\n'


def bedrock(upstream: Script) -> str:
    """Another one."""
    url, key = f"http://127.0.0.1:{upstream.port}", provider_key("bedrock")
    return (
        f'\n[[providers]]\nname = "bedrock"\nkind = "bedrock"\nregion = "eu-central-1"\n'
        f'base_url = "{url}"\napi_key = "{key}"\n'
    )


def permitted(*hosts: Script, media: str = "", more: str = "") -> str:
    """A policy that lets these hosts be fetched from."""
    listed = ", ".join(f'"127.0.0.1:{host.port}", "{NAME}:{host.port}"' for host in hosts)
    return f'[egress]\nallow = [{listed}]\nprivate = ["127.0.0.1=127.0.0.1"{more}]\n[media]\n{media}\n'


def link(host: Script, path: str = "/cat.png") -> str:
    """A URL of something there."""
    return f"http://127.0.0.1:{host.port}{path}"


def picture(url: str) -> dict[str, Any]:
    """A part of content."""
    return {"type": "image_url", "image_url": {"url": url}}


def showing(*urls: str, **members: object) -> bytes:
    """A chat request with pictures, behind a text that names the first of them too."""
    text = {"type": "text", "text": urls[0]}
    content = [text, *(picture(url) for url in urls)]
    messages = [{"role": "system", "content": "Look."}, {"role": "user", "content": content}]
    return msgspec.json.encode({"model": "plain", "messages": messages, **members})


def file(body: bytes = PNG, kind: bytes = b"image/png", *fields: bytes) -> Act:
    """Answers with a file."""
    return answers(reply(body, b"Content-Type: " + kind, *fields))


def given(upstream: Script, number: int = 0) -> list[Any]:
    """The media that a Gemini upstream was given."""
    parts = [part for content in msgspec.json.decode(upstream.bodies[number])["contents"] for part in content["parts"]]
    return [part["inlineData"] for part in parts if "inlineData" in part]


def inline(body: bytes = PNG, kind: str = "image/png") -> dict[str, str]:
    """What it should have been given."""
    return {"mimeType": kind, "data": b64encode(body).decode()}


@on_loop
async def test_a_picture_is_fetched_for_a_provider_that_takes_bytes(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            told = await once(gateway, chat(showing(link(host, "/a/cat.png?x=%20ü#top"))))
            assert told.status == 200
            assert told.json["choices"][0]["message"]["content"] == "A cat."
            assert told.fields[b"x-stellwerk-attempts"] == b"1"
            assert given(upstream) == [inline()]
            question = host.requests[0]
            assert question.startswith(b"GET /a/cat.png?x=%20%C3%BC HTTP/1.1\r\n")
            assert b"\r\nhost: 127.0.0.1:%d\r\n" % host.port in question
            assert not {b"authorization", b"cookie", b"x-goog-api-key"} & {
                line.partition(b":")[0].lower() for line in question.splitlines()
            }
            await eventually(lambda: len(host.departed) == 1)


@on_loop
async def test_converse_is_given_pictures_and_documents_of_a_caller_of_anthropic(tmp_path: Path) -> None:
    async with script(file()) as host, script(file(PDF, b"application/pdf")) as other, script(completes(SPOKEN)) as aws:
        parts = permitted(host, other), bedrock(aws), model("plain", "bedrock/anthropic.claude-sonnet-4-5-v1:0")
        async with serving(tmp_path, *parts) as gateway:
            content = [
                {"type": "image", "source": {"type": "url", "url": link(host)}},
                {"type": "document", "source": {"type": "url", "url": link(other, "/a.pdf")}},
            ]
            body = {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
            told = await once(gateway, chat(msgspec.json.encode(body), path=MESSAGES))
            assert told.status == 200
            (message,) = msgspec.json.decode(aws.bodies[0])["messages"]
            image, document = message["content"]
            assert image["image"] == {"format": "png", "source": {"bytes": inline()["data"]}}
            assert document["document"]["format"] == "pdf"
            assert document["document"]["source"] == {"bytes": b64encode(PDF).decode()}
            other.play(refuses(404))
            gateway.parts.media.cache.clear()
            told = await once(gateway, chat(msgspec.json.encode(body), path=MESSAGES))
            assert told.status == 400
            assert told.json["error"]["type"] == "invalid_request_error"
            assert "The document at 'messages[0].content[1].source.url'" in told.json["error"]["message"]


@on_loop
async def test_a_provider_that_takes_bytes_counts_what_was_fetched(tmp_path: Path) -> None:
    async with script(file(), refuses(404)) as host, script(completes(b'{"totalTokens":270}')) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            source = {"type": "image", "source": {"type": "url", "url": link(host)}}
            body = msgspec.json.encode({"model": "plain", "messages": [{"role": "user", "content": [source]}]})
            told = await once(gateway, chat(body, path=COUNTS))
            assert told.json == {"input_tokens": 270}
            assert told.fields[b"x-stellwerk-attempts"] == b"1"
            (part,) = msgspec.json.decode(upstream.bodies[0])["generateContentRequest"]["contents"][0]["parts"]
            assert part["inlineData"] == inline()
            gateway.parts.media.cache.clear()
            told = await once(gateway, chat(body, path=COUNTS))
            assert told.status == 400
            assert "The image at 'messages[0].content[0].source.url'" in told.json["error"]["message"]


@on_loop
async def test_an_estimate_takes_no_look_at_media(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes(SPOKEN)) as aws:
        parts = permitted(host), bedrock(aws), model("plain", "bedrock/anthropic.claude-sonnet-4-5-v1:0")
        async with serving(tmp_path, *parts) as gateway:
            source = {"type": "image", "source": {"type": "url", "url": link(host)}}
            body = msgspec.json.encode({"model": "plain", "messages": [{"role": "user", "content": [source]}]})
            told = await once(gateway, chat(body, path=COUNTS))
            assert told.json["input_tokens"] >= 1_600
            assert told.fields[b"x-stellwerk-warning"] == b"estimated"
            assert not host.requests
            assert not aws.requests


@on_loop
async def test_a_target_that_takes_urls_is_given_the_url(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes()) as upstream:
        parts = permitted(host), provider("openai", f"http://127.0.0.1:{upstream.port}/v1"), model("plain", "openai")
        async with serving(tmp_path, *parts) as gateway:
            source = {"type": "image", "source": {"type": "url", "url": link(host)}}
            body = {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": [source]}]}
            told = await once(gateway, chat(msgspec.json.encode(body), path=MESSAGES))
            assert told.status == 200
            assert link(host).encode() in upstream.bodies[0]
            assert host.connections == 0


async def refused(folder: Path, body: bytes, policy: str) -> Any:
    """What a caller hears whose request must not reach the provider."""
    target = model("plain", "google/gemini-3-pro")
    async with script(completes(SAID)) as upstream, serving(folder, policy, google(upstream), target) as gateway:
        told = await once(gateway, chat(body))
        assert told.status == 400
        assert upstream.requests == []
        event = await gateway.event()
        assert (event.status, event.error, event.attempts) == (400, "media_unavailable", 1)
        assert gateway.parts.media.failed == 1
        return told.json


FAULTS: dict[str, tuple[Act, str]] = {
    "missing": (refuses(404), "status 404"),
    "redirect": (refuses(302, b"", b"Location: http://127.0.0.1/"), "it redirects (status 302), which is not followed"),
    "part": (answers(reply(PNG, status=206)), "status 206"),
    "page": (file(b"<html>cat</html>", b"image/png"), "not an image"),
    "long page": (file(b"<html>cat</html>" * 900, b"image/png"), "not an image"),
    "nothing": (file(b"", b"image/png"), "not an image"),
    "other type": (file(PDF, b"image/png"), "not an image"),
    "type not accepted": (file(b"GIF89a" + bytes(99), b"image/png"), "image/gif is not accepted"),
    "compressed": (file(PNG, b"image/png", b"Content-Encoding: gzip"), "it is compressed, which was not asked for"),
    "declared too large": (file(PNG + bytes(40_000)), "too large, over 40000 bytes"),
    "chunked too large": (
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(PNG) + chunk(bytes(40_000))),
        "too large, over 40000 bytes",
    ),
    "cut": (
        ends_after(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + PNG),
        "its host's answer broke off or is not valid HTTP",
    ),
    "other protocol": (ends_after(b"SSH-2.0-OpenSSH\r\n"), "its host's answer broke off or is not valid HTTP"),
    "hangs up": (ends_after(), "its host cannot be reached"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_used_is_refused_by_place_and_reason(fault: str, tmp_path: Path) -> None:
    act, why = FAULTS[fault]

    @on_loop
    async def run() -> None:
        async with script(act) as host:
            policy = permitted(host, media='max_bytes = 40000\ntypes = ["image/png", "application/*"]')
            told = await refused(tmp_path, showing(link(host)), policy)
            where = "messages[1].content[1].image_url.url"
            assert (
                told["error"]["message"] == f"The image at '{where}' cannot be fetched for the model's provider: {why}."
            )
            assert told["error"]["param"] == where
            assert told["error"]["type"] == "invalid_request_error"
            assert len(host.requests) == 1

    run()


@on_loop
async def test_what_the_policy_does_not_list_is_not_even_looked_up(tmp_path: Path) -> None:
    async with script(file()) as host:
        told = await refused(tmp_path, showing("https://evil.test/cat.png"), permitted(host))
        assert told["error"]["message"].endswith("denied by egress policy, evil.test is not listed.")
        for url in ("http://127.0.0.1:1/cat.png", "http://169.254.169.254/latest/", "https://user@evil.test/"):
            folder = tmp_path / str(len(url))
            folder.mkdir()
            told = await refused(folder, showing(url), permitted(host))
            assert "denied by egress policy" in told["error"]["message"]
        assert host.connections == 0


@on_loop
async def test_a_providers_own_host_is_nothing_for_callers(tmp_path: Path) -> None:
    async with script(file()) as inside, script(completes(SAID)) as upstream:
        parts = google(upstream), google(inside, "inside"), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            assert gateway.parts.guard.judge_url(link(inside)).is_allowed
            told = await once(gateway, chat(showing(link(inside))))
            assert told.error["message"].endswith(f"denied by egress policy, 127.0.0.1:{inside.port} is not listed.")
            assert inside.connections == 0


class NameService:
    """Knows one name, which is this machine."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """The address of the name; anything else is an address already."""
        del port
        return ["127.0.0.1"] if host == NAME else [host]


def know_the_name(gateway: Gateway) -> None:
    """Puts a name service under the guard."""
    gateway.parts.pool.resolver = GuardedResolver(NameService(), gateway.parts.guard)


@on_loop
async def test_a_name_that_leads_inward_is_refused_without_its_address(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes(SAID)) as upstream:
        parts = google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, permitted(host), *parts) as gateway:
            know_the_name(gateway)
            url = f"http://{NAME}:{host.port}/cat.png"
            told = await once(gateway, chat(showing(url)))
            assert told.status == 400
            assert told.error["message"].endswith(": denied by egress policy.")
            assert "127.0.0.1" not in told.error["message"]
            assert host.connections == 0
            gateway.adopt(gateway.compile(permitted(host, more=f', "{NAME}=127.0.0.1"') + "".join(parts)))
            assert (await once(gateway, chat(showing(url)))).status == 200
            assert b"\r\nhost: %b:%d\r\n" % (NAME.encode(), host.port) in host.requests[0]


@on_loop
async def test_a_host_proves_who_it_is_and_is_told_which_one_is_meant(tmp_path: Path) -> None:
    authority, names = Authority(), list[str | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(PNG, b"Content-Type: image/png"))
        writer.close()

    context = server_context(*authority.issue(NAME))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server, script() as upstream:
        port = server.sockets[0].getsockname()[1]
        upstream.play(completes(SAID))
        policy = f'[egress]\nallow = ["{NAME}:{port}", "other.test:{port}"]\nprivate = ["{NAME}=127.0.0.1"]\n'
        async with serving(
            tmp_path, policy, google(upstream), model("plain", "google/gemini-3-pro", "google/other")
        ) as gateway:
            know_the_name(gateway)
            told = await once(gateway, chat(showing(f"https://{NAME}:{port}/cat.png")))
            assert told.error["message"].endswith(": its host cannot be reached.")
            assert told.fields[b"x-stellwerk-attempts"] == b"2"
            gateway.parts.pool._tls = ssl.create_default_context(cadata=authority.pem)
            assert (await once(gateway, chat(showing(f"https://{NAME}:{port}/cat.png")))).status == 200
            assert given(upstream) == [inline()]
            assert names == [NAME, NAME]


@on_loop
async def test_a_stream_waits_for_its_media(tmp_path: Path) -> None:
    event = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    event += chunk(b"data: " + SAID + b"\n\n") + b"0\r\n\r\n"
    async with script(file()) as host, script(answers(event)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            answer = await whole(gateway, chat(showing(link(host), stream=True)))
            assert answer.status == 200
            assert b"A cat." in answer.body
            assert answer.body.endswith(b"data: [DONE]\n\n")
            assert given(upstream) == [inline()]


@on_loop
async def test_what_was_fetched_lately_is_used_again_while_the_policy_permits_it(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes(SAID)) as upstream:
        rest = google(upstream) + model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, permitted(host), rest) as gateway:
            for _ in range(3):
                assert (await once(gateway, chat(showing(link(host))))).status == 200
            assert len(host.requests) == 1
            assert [given(upstream, number) for number in range(3)] == [[inline()]] * 3
            gateway.advance(61.0)
            assert (await once(gateway, chat(showing(link(host))))).status == 200
            assert len(host.requests) == 2
            samples, types = parse((await whole(gateway, get(b"/metrics", TOKEN), to=b"GET")).body.decode())
            counted = {
                name: samples[f"stellwerk_media_{name}_total", ()] for name in ("fetched", "cached", "failed", "bytes")
            }
            assert counted == {"fetched": 2, "cached": 2, "failed": 0, "bytes": 2 * len(PNG)}
            assert types["stellwerk_media_bytes_total"] == "counter"
            gateway.adopt(gateway.compile(rest))
            assert (await once(gateway, chat(showing(link(host))))).status == 400


@on_loop
async def test_other_bounds_hold_at_once_and_for_what_is_at_hand_too(tmp_path: Path) -> None:
    async with script(file()) as host, script(completes(SAID)) as upstream:
        rest = google(upstream) + model("plain", "google/gemini-3-pro")
        two = showing(link(host), link(host, "/b.png"))
        async with serving(tmp_path, permitted(host, media="max_request_bytes = 15000"), rest) as gateway:
            for path in ("/cat.png", "/b.png"):
                assert (await once(gateway, chat(showing(link(host, path))))).status == 200
            told = await once(gateway, chat(two))
            assert told.error["message"].endswith("the files of this request are over 15000 bytes together.")
            assert len(host.requests) == 2
            gateway.adopt(gateway.compile(permitted(host, media="max_bytes = 30000") + rest))
            assert (await once(gateway, chat(two))).status == 200
            assert len(host.requests) == 4
            gateway.adopt(gateway.compile(permitted(host, media="max_bytes = 30000") + rest))
            assert (await once(gateway, chat(two))).status == 200
            assert len(host.requests) == 4


@on_loop
async def test_what_its_host_calls_private_is_not_kept(tmp_path: Path) -> None:
    act = file(PNG, b"image/png", b"Cache-Control: private, max-age=60")
    async with script(act) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            for _ in range(2):
                assert (await once(gateway, chat(showing(link(host))))).status == 200
            assert len(host.requests) == 2


@on_loop
async def test_several_are_fetched_side_by_side_and_each_once(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            urls = [link(host, f"/{name}.png") for name in "aba"]
            await caller.ask(showing(*urls))
            await eventually(lambda: len(host.held) == 2)
            for number in (1, 0):
                name = b"b" if b"/b.png" in host.requests[number] else b"a"
                await host.held[number].send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for piece in (PNG[:5], PNG[5:], name):
                    await host.held[number].send(chunk(piece))
                await host.held[number].send(b"0\r\n\r\n")
            assert (await caller.told()).status == 200
            assert given(upstream) == [inline(PNG + name) for name in (b"a", b"b", b"a")]


@on_loop
async def test_a_worker_fetches_so_many_at_once_and_the_others_in_their_turn(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as first, raw(gateway) as second:
            for caller, name in ((first, "a"), (second, "b")):
                await caller.ask(showing(*(link(host, f"/{name}{number}.png") for number in range(20))))
            await eventually(lambda: len(host.held) == MOST_AT_ONCE)
            assert gateway.upstream_connections == MOST_AT_ONCE
            number = next(number for number, request in enumerate(host.requests) if b"/a" in request)
            await host.held[number].send(reply(b"no", status=404))
            assert "status 404" in (await first.told()).error["message"]
            await eventually(lambda: sum(b"/b" in request for request in host.requests) == 20)
            gateway.advance(11.0)
            assert "timeout" in (await second.told()).error["message"]


@on_loop
async def test_one_whose_turn_does_not_come_expires(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host, media="timeout_s = 60"), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as first, raw(gateway) as second:
            await first.ask(showing(*(link(host, f"/a{number}.png") for number in range(20))))
            await eventually(lambda: len(host.held) == 20)
            await second.ask(showing(*(link(host, f"/b{number}.png") for number in range(20))))
            async with raw(gateway) as third:
                await eventually(lambda: len(host.held) == MOST_AT_ONCE)
                await third.ask(showing(link(host, "/99.png")), b"x-stellwerk-timeout: 1")
                await gateway_waits(gateway, 9)
                gateway.advance(1.1)
                assert "timeout" in (await third.told()).error["message"]
                assert len(host.held) == MOST_AT_ONCE
                await host.held[20].send(reply(b"no", status=404))
                assert "status 404" in (await second.told()).error["message"]
                assert len(host.held) == MOST_AT_ONCE


async def gateway_waits(gateway: Gateway, count: int) -> None:
    """Waits until so many files wait for their turn."""
    await eventually(lambda: len(gateway.parts.media.queue._waiting) == count)


@on_loop
async def test_too_many_and_too_much_for_one_request_are_refused(tmp_path: Path) -> None:
    async with script(file()) as host:
        urls = [link(host, f"/{number}.png") for number in range(3)]
        few, small = tmp_path / "few", tmp_path / "small"
        few.mkdir()
        small.mkdir()
        told = await refused(few, showing(*urls), permitted(host, media="max_count = 2"))
        assert "content[3].image_url.url'" in told["error"]["message"]
        assert told["error"]["message"].endswith("a request may have 2 files fetched, it has more.")
        assert host.connections == 0
        told = await refused(small, showing(*urls), permitted(host, media="max_request_bytes = 25000"))
        assert told["error"]["message"].endswith("the files of this request are over 25000 bytes together.")


@on_loop
async def test_a_slow_host_ends_the_wait(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            await caller.ask(showing(link(host)))
            await eventually(lambda: host.held)
            await host.held[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + PNG)
            gateway.advance(9.0)
            await host.held[0].send(PNG)
            gateway.advance(1.5)
            told = await caller.told()
            assert told.status == 400
            assert "timeout, it was not here within 10 s" in told.error["message"]
            await eventually(lambda: len(host.departed) == 1)


@on_loop
async def test_the_callers_own_deadline_holds_while_media_come(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            await caller.ask(showing(link(host)), b"x-stellwerk-timeout: 2")
            await eventually(lambda: host.held)
            gateway.advance(2.1)
            assert (await caller.told()).status == 400
            assert upstream.requests == []


@on_loop
async def test_a_caller_who_leaves_takes_the_fetching_along(tmp_path: Path) -> None:
    async with script(None) as host, script(completes(SAID)) as upstream:
        parts = permitted(host), google(upstream), model("plain", "google/gemini-3-pro")
        async with serving(tmp_path, *parts) as gateway:
            async with raw(gateway) as caller:
                await caller.ask(showing(link(host, "/a.png"), link(host, "/b.png")))
                await eventually(lambda: len(host.held) == 2)
            event = await gateway.event()
            assert (event.outcome, event.status, event.attempts, event.cost_nanos) == ("cancelled", 499, 0, 0)
            await eventually(lambda: len(host.departed) == 2)
            assert upstream.requests == []


@on_loop
async def test_another_target_that_takes_urls_answers_where_media_cannot_be_had(tmp_path: Path) -> None:
    async with script(refuses(404)) as host, script() as upstream, script() as second, script() as third:
        parts = (
            permitted(host),
            google(upstream),
            google(third, "again"),
            (
                '\n[[providers]]\nname = "claude"\nkind = "anthropic"\n'
                f'base_url = "http://127.0.0.1:{second.port}"\napi_key = "{provider_key("claude")}"\n'
            ),
            model("plain", "google/gemini-3-pro", "again/gemini-3-pro", "claude/claude-sonnet-4-5"),
        )
        second.play(
            completes(
                b'{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"Hi."}],'
                b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}'
            )
        )
        async with serving(tmp_path, *parts) as gateway:
            told = await once(gateway, chat(showing(link(host))))
            assert told.status == 200
            assert told.fields[b"x-stellwerk-provider"] == b"claude"
            assert told.fields[b"x-stellwerk-attempts"] == b"3"
            assert len(host.requests) == 1
            assert upstream.requests == third.requests == []
            assert link(host).encode() in second.bodies[0]


@on_loop
async def test_media_are_there_for_the_next_target_and_for_a_repetition(tmp_path: Path) -> None:
    failing = refuses(503)
    async with script(file()) as host, script(failing) as first, script(failing, completes(SAID)) as second:
        parts = permitted(host, media="cache_bytes = 0"), google(first), google(second, "again")
        targets = model("plain", "google/gemini-3-pro", "again/gemini-3-pro")
        async with serving(tmp_path, *parts, targets) as gateway:
            told = await once(gateway, chat(showing(link(host))))
            assert told.status == 200
            assert told.fields[b"x-stellwerk-attempts"] == b"3"
            assert len(host.requests) == 1
            assert given(second, 0) == given(second, 1) == [inline()]


@on_loop
async def test_a_large_picture_comes_whole_while_others_are_served(tmp_path: Path) -> None:
    large = PNG + bytes(5_000_000)

    async def slowly(upstream: Upstream) -> None:
        wire = reply(large, b"Content-Type: image/png")
        for start in range(0, len(wire), 500_000):
            await upstream.send(wire[start : start + 500_000])
            await asyncio.sleep(0)

    async with script(slowly) as host, script(completes(SAID)) as upstream, script() as other:
        parts = permitted(host), google(upstream), provider("openai", other.base_url)
        models = model("plain", "google/gemini-3-pro"), model("quick", "openai")
        async with serving(tmp_path, *parts, *models) as gateway, raw(gateway) as caller:
            await caller.ask(showing(link(host)))
            assert (await once(gateway, chat(asking(model="quick")))).status == 200
            assert (await caller.told()).status == 200
            assert given(upstream) == [inline(large)]


@on_loop
async def test_a_request_without_media_to_fetch_costs_no_fetching(tmp_path: Path) -> None:
    target = model("plain", "google/gemini-3-pro")
    async with script(completes(SAID)) as upstream, serving(tmp_path, google(upstream), target) as gateway:
        data = "data:image/png;base64," + b64encode(PNG).decode()
        for body in (asking(), showing(data)):
            assert (await once(gateway, chat(body))).status == 200
        media = gateway.parts.media
        assert (media.fetched, media.failed, media.cached, media.bytes) == (0, 0, 0, 0)
