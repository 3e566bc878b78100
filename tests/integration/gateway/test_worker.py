"""The worker as a process: it serves its slot, reloads, drains, and leaves its record behind."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.stores.sqlite.read import read_events
from stellwerk.supervisor.protocol import (
    Alive,
    Drain,
    Drained,
    Loaded,
    Ready,
    Refused,
    Reload,
    encode,
)
from tests.integration.gateway.clients import Watcher, asking, chat
from tests.integration.gateway.host import COMMAND, Host, Running, events_in
from tests.integration.gateway.kit import ADMIN_TOKEN, SERVER, model, provider
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    LAST_CHUNK,
    ROLE,
    STREAM_HEAD,
    Script,
    chunk,
    said,
    script,
)
from tests.integration.http.caller import Answer, calling, get
from tests.integration.http.certificates import Authority
from tests.integration.http.loop import eventually, on_loop

TLS = SERVER + 'tls = {{ certificate = "file:{0}/cert.pem", key = "file:{0}/key.pem" }}\n'


@asynccontextmanager
async def working(folder: Path, playing: Script, *sections: str) -> AsyncIterator[tuple[Host, Running]]:
    """A worker that serves ``plain`` from a script, ready."""
    host = Host(folder)
    try:
        config = host.compile(*sections, provider("one", playing.base_url), model("plain", "one"))
        async with host.running(config) as worker:
            assert (await worker.says(Ready)).version == 1
            yield host, worker
    finally:
        host.close()


async def answer(host: Host, request: bytes, to: bytes = b"POST") -> Answer:
    """The worker's answer to one request."""
    async with calling(host.port) as caller:
        await caller.send(request)
        return await caller.answer(to=to)


def recorded(folder: Path) -> list[RequestEvent]:
    """The events in the store."""
    today = datetime.now(UTC).date()
    return list(read_events(folder / "state" / "events", first_day=today, last_day=today))


@on_loop
async def test_a_worker_serves_and_puts_on_record(tmp_path: Path) -> None:
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        served = await answer(host, chat(asking()))
        assert (served.status, served.body) == (200, COMPLETION)
        await worker.says(Alive)
        worker.link.send(Drain(5.0))
        await worker.says(Drained)
        assert await worker.exit_status() == 0
        (event,) = recorded(tmp_path)
        assert event.request_id == (served.field(b"x-request-id") or b"").decode()
        assert (event.outcome, event.output_tokens) == ("complete", 7)
        assert await worker.log() == []


@on_loop
async def test_a_worker_says_that_it_is_alive_and_shows_its_vital_signs(tmp_path: Path) -> None:
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        assert (await answer(host, get(b"/readyz"), b"GET")).status == 200
        await answer(host, chat(asking()))
        report = msgspec.json.decode((await answer(host, get(b"/healthz?full"), b"GET")).body)
        assert report["workers"][0]["pid"] == worker.process.pid
        assert report["workers"][0]["loop_lag_ms"] >= 0
        await worker.says(Alive, 2)
        worker.process.terminate()
        assert await worker.exit_status() == 0


@on_loop
async def test_the_next_worker_of_a_slot_goes_on_counting(tmp_path: Path) -> None:
    line = b'stellwerk_requests_total{model="plain",target="one/gpt-5-mini",outcome="complete",status="200"} '
    host = Host(tmp_path)
    async with script() as playing:
        config = host.compile(provider("one", playing.base_url), model("plain", "one"))
        for lives in range(1, 4):
            async with host.running(config) as worker:
                await worker.says(Ready)
                await answer(host, chat(asking()))
                assert line + b"%d\n" % lives in (await answer(host, get(b"/metrics"), b"GET")).body
                if lives == 1:
                    worker.process.kill()
                else:
                    worker.link.send(Drain(5.0))
                await worker.exit_status()
    host.close()


@on_loop
async def test_a_reload_is_taken_or_refused(tmp_path: Path) -> None:
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        parts = provider("one", playing.base_url), model("other", "one")
        worker.link.send(Reload(str(host.compile(*parts, version=2)), 2))
        assert (await worker.says(Loaded)).version == 2
        assert (await answer(host, chat(asking(model="plain")))).status == 404
        assert (await answer(host, chat(asking(model="other")))).status == 200
        garbage = tmp_path / "garbage"
        garbage.write_bytes(b"\xff\x00garbage")
        secret = tmp_path / "key"
        secret.write_text("upstream-secret", encoding="utf-8")
        unresolved = host.compile(parts[0].replace("upstream-secret-one", f"file:{secret}"), parts[1], version=5)
        secret.unlink()
        for version, path in ((3, garbage), (4, tmp_path / "nowhere"), (5, unresolved)):
            worker.link.send(Reload(str(path), version))
            refused = await worker.says(Refused, version - 2)
            assert refused.version == version
            assert refused.problems
            assert (await answer(host, chat(asking(model="other")))).status == 200
        health = msgspec.json.decode((await answer(host, get(b"/healthz?full"), b"GET")).body)
        assert health["workers"][0]["configuration"] == 2
        worker.link.send(Drain(5.0))
        lines = await worker.log()
        assert events_in(lines) == ["reloaded", "reload_refused", "reload_refused", "reload_refused"]
        assert all(line["process"] == "worker" and line["slot"] == 0 for line in lines)


@on_loop
async def test_what_a_supervisor_would_not_say_is_overheard(tmp_path: Path) -> None:
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        worker.link._socket.send(b"nonsense\n" + encode(Loaded(7)) + b"\n" + b'{"type":"newer"}\n')
        assert (await answer(host, chat(asking()))).status == 200
        worker.link.send(Drain(5.0))
        assert events_in(await worker.log()) == ["message_not_understood"]


async def begun(host: Host, playing: Script, caller: Watcher) -> None:
    """A stream whose first content has arrived."""
    del host
    await caller.ask(asking(stream=True))
    await eventually(lambda: playing.held)
    await playing.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
    await caller._until(b"Hel")


@pytest.mark.parametrize("told", ["by message", "by signal", "by silence"])
@on_loop
async def test_a_worker_drains_and_lets_its_streams_finish(tmp_path: Path, told: str) -> None:
    async with script(None) as playing, working(tmp_path, playing) as (host, worker):
        async with calling(host.port) as plain, calling(host.port) as idle:
            caller = Watcher(plain.socket)
            await begun(host, playing, caller)
            await idle.send(get(b"/livez"))
            assert (await idle.answer()).status == 200
            match told:
                case "by message":
                    worker.link.send(Drain(20.0))
                case "by signal":
                    worker.process.terminate()
                case "by silence":
                    worker.link.close()
            assert await idle.rest() == b""
            assert worker.process.poll() is None
            await playing.held[0].send(chunk(said("lo.")), chunk(FINISH), chunk(DONE), LAST_CHUNK)
            await caller._until(b"data: [DONE]\n\n")
            assert await caller.rest() == b"\r\n0\r\n\r\n"
        assert await worker.exit_status() == 0
        (event,) = recorded(tmp_path)
        assert event.outcome == "complete"
        assert events_in(await worker.log()) == (["supervisor_gone"] if told == "by silence" else [])


@on_loop
async def test_what_does_not_end_in_time_is_cut_and_on_record(tmp_path: Path) -> None:
    async with script(None) as playing, working(tmp_path, playing) as (host, worker), calling(host.port) as plain:
        caller = Watcher(plain.socket)
        await begun(host, playing, caller)
        worker.link.send(Drain(0.05))
        await worker.says(Drained)
        await caller.rest()
        assert await worker.exit_status() == 0
        (event,) = recorded(tmp_path)
        assert (event.outcome, event.status) == ("cancelled", 200)
        assert events_in(await worker.log()) == ["drain_cut"]


def write_pair(folder: Path, pair: tuple[str, str]) -> None:
    """Puts a certificate and its key where the configuration looks for them."""
    (folder / "cert.pem").write_text(pair[0], encoding="ascii")
    (folder / "key.pem").write_text(pair[1], encoding="ascii")


async def serial_of(host: Host, authority: Authority) -> object:
    """The serial number of the certificate that the worker shows."""
    trust = ssl.create_default_context(cadata=authority.pem)
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port, ssl=trust, server_hostname="gateway.test")
    writer.write(get(b"/livez", b"Connection: close"))
    assert b"200 OK" in await reader.read()
    certificate = writer.get_extra_info("peercert")
    writer.close()
    return certificate["serialNumber"]


@on_loop
async def test_a_reload_takes_the_new_certificate_for_new_connections(tmp_path: Path) -> None:
    authority = Authority()
    first, second, third = (authority.issue("gateway.test") for _ in range(3))
    write_pair(tmp_path, first)
    async with script() as playing, working(tmp_path, playing, TLS.format(tmp_path)) as (host, worker):
        parts = provider("one", playing.base_url), model("plain", "one")
        shown = await serial_of(host, authority)
        write_pair(tmp_path, second)
        worker.link.send(Reload(str(host.compile(TLS.format(tmp_path), *parts, version=2)), 2))
        await worker.says(Loaded)
        renewed = await serial_of(host, authority)
        assert renewed != shown
        write_pair(tmp_path, (third[0], second[1]))
        worker.link.send(Reload(str(tmp_path / "2.msgpack"), 3))
        assert "server.tls" in (await worker.says(Refused)).problems[0]
        assert await serial_of(host, authority) == renewed
        await worker.drained()


@on_loop
async def test_a_version_that_is_refused_leaves_the_certificate_alone_too(tmp_path: Path) -> None:
    authority = Authority()
    write_pair(tmp_path, authority.issue("gateway.test"))
    secret = tmp_path / "key"
    secret.write_text("upstream-secret", encoding="utf-8")
    async with script() as playing, working(tmp_path, playing, TLS.format(tmp_path)) as (host, worker):
        shown = await serial_of(host, authority)
        keyed = provider("one", playing.base_url).replace("upstream-secret-one", f"file:{secret}")
        config = host.compile(TLS.format(tmp_path), keyed, model("plain", "one"), version=2)
        secret.unlink()
        write_pair(tmp_path, authority.issue("gateway.test"))
        worker.link.send(Reload(str(config), 2))
        await worker.says(Refused)
        assert await serial_of(host, authority) == shown
        await worker.drained()


@on_loop
async def test_a_stream_is_served_over_tls_event_by_event(tmp_path: Path) -> None:
    authority = Authority()
    write_pair(tmp_path, authority.issue("gateway.test"))
    async with script(None) as playing, working(tmp_path, playing, TLS.format(tmp_path)) as (host, worker):
        trust = ssl.create_default_context(cadata=authority.pem)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", host.port, ssl=trust, server_hostname="gateway.test"
        )
        writer.write(chat(asking(stream=True)))
        await eventually(lambda: playing.held)
        await playing.held[0].send(STREAM_HEAD, chunk(ROLE))
        for text in ("a", "b", "c"):
            await playing.held[0].send(chunk(said(text)))
            await reader.readuntil(said(text))
        await playing.held[0].send(chunk(FINISH), chunk(DONE), LAST_CHUNK)
        await reader.readuntil(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        writer.close()
        await worker.drained()


@on_loop
async def test_what_takes_a_restart_is_said_and_the_rest_is_taken(tmp_path: Path) -> None:
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        more = SERVER + "workers = 5\n", provider("one", playing.base_url), model("later", "one")
        worker.link.send(Reload(str(host.compile(*more, version=2)), 2))
        await worker.says(Loaded)
        assert (await answer(host, chat(asking(model="later")))).status == 200
        await worker.drained()
        restart, _ = lines = await worker.log()
        assert events_in(lines) == ["takes_a_restart", "reloaded"]
        assert restart["keys"] == ["server.workers"]


@on_loop
async def test_a_store_that_is_away_for_a_while_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    in_the_way = tmp_path / "state" / "events"
    in_the_way.write_text("This is no folder.", encoding="utf-8")
    async with script() as playing, working(tmp_path, playing) as (host, worker):
        for _ in range(3):
            assert (await answer(host, chat(asking()))).status == 200
        await worker.says(Alive, 2)
        told = msgspec.json.decode((await answer(host, get(b"/healthz?full"), b"GET")).body)["events"]
        assert (told["written"], told["pending"]) == (0, 3)
        assert told["last_error"]
        in_the_way.unlink()
        await worker.drained()
        assert len(recorded(tmp_path)) == 3
        (line,) = await worker.log()
        assert (line["level"], line["event"], line["logger"]) == ("warning", "message", "stellwerk.analytics.writer")


@on_loop
async def test_a_worker_without_a_socket_waits_for_its_end(tmp_path: Path) -> None:
    host = Host(tmp_path)
    config = host.compile(provider("one", "http://127.0.0.1:1/v1"), model("plain", "one"))
    async with host.running(config, listens=False) as worker:
        await worker.says(Ready)
        worker.link.send(Drain(1.0))
        worker.link.send(Drain(1.0))
        await worker.says(Drained)
        assert await worker.exit_status() == 0
    host.close()


@on_loop
async def test_a_worker_that_cannot_serve_says_why_and_ends(tmp_path: Path) -> None:
    host = Host(tmp_path)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\xff")
    async with host.running(garbage) as worker:
        refused = await worker.says(Refused)
        assert "no compiled configuration" in refused.problems[0]
        assert await worker.exit_status() == 1
        (line,) = await worker.log()
        assert (line["level"], line["event"]) == ("error", "configuration_refused")
        assert line["problems"] == list(refused.problems)
    host.close()


@on_loop
async def test_a_worker_with_a_certificate_that_does_not_fit_its_key_ends(tmp_path: Path) -> None:
    authority = Authority()
    write_pair(tmp_path, (authority.issue("gateway.test")[0], authority.issue("gateway.test")[1]))
    host = Host(tmp_path)
    config = host.compile(TLS.format(tmp_path), provider("one", "http://127.0.0.1:1/v1"), model("plain", "one"))
    async with host.running(config) as worker:
        assert await worker.exit_status() == 1
        (line,) = await worker.log()
        assert "server.tls" in line["problems"][0]
    host.close()


def test_a_worker_that_nobody_has_started_says_how_it_is_started() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")}
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, check=False)
    assert ended.returncode == 2
    assert b"stellwerk up" in ended.stderr


@on_loop
async def test_a_killed_worker_leaves_its_slot_to_the_next(tmp_path: Path) -> None:
    host = Host(tmp_path)
    async with script() as playing:
        config = host.compile(provider("one", playing.base_url), model("plain", "one"))
        async with host.running(config) as worker:
            await worker.says(Ready)
            os.kill(worker.process.pid, signal.SIGKILL)
            assert await worker.exit_status() == -signal.SIGKILL
        async with calling(host.port) as caller:
            await caller.send(chat(asking()))
            async with host.running(config) as worker:
                await worker.says(Ready)
                assert (await caller.answer(to=b"POST")).status == 200
                metrics = get(b"/metrics", b"Via: 1.1 p", b"Authorization: Bearer " + ADMIN_TOKEN.encode())
                assert (await answer(host, metrics, b"GET")).status == 200
                await worker.drained()
                assert await worker.log() == []
    host.close()
