"""Every channel tells a message once when asked, through the egress guard, and says truly what became of it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from stellwerk import plugins
from stellwerk.alerting import message
from stellwerk.alerting.channels import Channels
from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import FORMAT, AdminSpec, AlertsSpec, NotifierSpec, ServerSpec, Snapshot
from stellwerk.core.snapshot import StateSpec as State
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError
from stellwerk.ports.notifier import Message, Outcome, Receipt
from stellwerk.supervisor.log import Log
from tests.hooks import HANG, Receiver, receiver

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SENT = message.of_test("alert_1", 1_700_000_000.0, "ops")
NOW_S = 1_700_000_005.0
FEW_S = 0.3
EVERY = plugins.shelf("notifiers")


def snapshot(*notifiers: NotifierSpec) -> Snapshot:
    """A configuration with these channels and nothing else."""
    told = tuple(one.name for one in notifiers)
    return Snapshot(
        format=FORMAT,
        version=1,
        source="stellwerk.toml",
        server=ServerSpec("127.0.0.1", 8080, 1),
        admin=AdminSpec("127.0.0.1", 8081),
        state=State("state"),
        providers=(),
        models=(),
        keys=(),
        notifiers=notifiers,
        alerts=AlertsSpec(told),
    )


def specified(kind: str, url: str, folder: Path, **secrets: str) -> NotifierSpec:
    """A channel of a kind, with its secrets in files."""
    given = {"url": url, **secrets} if "url" in plugins.secrets("notifiers", kind) else {}
    for name, value in given.items():
        (folder / name).write_text(value)
    return NotifierSpec("ops", kind, {}, {name: f"file:{folder / name}" for name in given})


def deliver(config: Snapshot, *, times: int = 1, lines: io.StringIO | None = None) -> list[Receipt]:
    """What became of a message, so many times."""

    async def run() -> list[Receipt]:
        channels = Channels(config, lambda: NOW_S, Log(lines or io.StringIO()), timeout_s=FEW_S)
        found = [await channels.deliver("ops", SENT) for _ in range(times)]
        channels.close()
        return found

    return asyncio.run(run())


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.mark.parametrize("kind", EVERY)
def test_a_message_is_delivered_whole(kind: str, hook: Receiver, tmp_path: Path) -> None:
    lines = io.StringIO()
    assert deliver(snapshot(specified(kind, hook.url, tmp_path)), lines=lines) == [Receipt(Outcome.DELIVERED)]
    logged = [json.loads(line)["alert"] for line in lines.getvalue().splitlines()]
    heard = [request.said for request in hook.requests]
    assert logged + heard == [json.loads(SENT.body)]


@pytest.mark.parametrize("kind", EVERY)
def test_a_channel_connects_only_to_its_own_origins(kind: str, tmp_path: Path) -> None:
    settings = {"url": "https://hooks.example.com:8443/a/b?key=never-tell"} if kind == "webhook" else {}
    channels = Channels(snapshot(specified(kind, settings.get("url", ""), tmp_path)), lambda: NOW_S, Log(io.StringIO()))
    origins = [origin.authority for origin in channels._notifiers["ops"].origins]
    assert origins == (["hooks.example.com:8443"] if settings else [])
    assert {(origin.host, origin.port) for origin in channels._guard.policy.origins} == (
        {("hooks.example.com", 8443)} if settings else set()
    )


def test_a_signature_is_that_of_standard_webhooks(hook: Receiver, tmp_path: Path) -> None:
    deliver(snapshot(specified("webhook", hook.url, tmp_path, secret=KEY)))
    (request,) = hook.requests
    assert request.headers["webhook-id"] == "alert_1"
    assert request.headers["webhook-timestamp"] == "1700000005"
    assert request.headers["content-type"] == "application/json"
    verify = OpenAI(api_key="none").webhooks.verify_signature
    verify(request.body, request.headers, secret=KEY, tolerance=10**10)
    with pytest.raises(InvalidWebhookSignatureError):
        verify(request.body + b" ", request.headers, secret=KEY, tolerance=10**10)
    with pytest.raises(InvalidWebhookSignatureError):
        verify(request.body, {**request.headers, "webhook-id": "alert_2"}, secret=KEY, tolerance=10**10)


def test_without_a_secret_nothing_is_signed(hook: Receiver, tmp_path: Path) -> None:
    deliver(snapshot(specified("webhook", hook.url, tmp_path)))
    assert "webhook-signature" not in hook.requests[0].headers


@pytest.mark.parametrize(
    ("statuses", "outcomes"),
    [
        ([200], [Outcome.DELIVERED]),
        ([500, 204], [Outcome.FAILED, Outcome.DELIVERED]),
        ([404, 429, 202], [Outcome.FAILED, Outcome.FAILED, Outcome.DELIVERED]),
        ([410], [Outcome.REFUSED]),
    ],
    ids=str,
)
def test_what_a_status_means(statuses: list[int], outcomes: list[Outcome], tmp_path: Path) -> None:
    with receiver(*statuses) as hook:
        found = deliver(snapshot(specified("webhook", hook.url, tmp_path)), times=len(statuses))
    assert [one.outcome for one in found] == outcomes
    assert len({request.body for request in hook.requests}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_a_failure_that_nobody_follows(status: int, tmp_path: Path) -> None:
    with receiver(status) as hook:
        assert deliver(snapshot(specified("webhook", hook.url, tmp_path))) == [
            Receipt(Outcome.FAILED, f"status {status}")
        ]
    assert [request.path for request in hook.requests] == ["/hook?key=never-tell"]


def test_an_endpoint_that_hangs_is_left_after_a_while(tmp_path: Path) -> None:
    with receiver(HANG) as hook:
        assert deliver(snapshot(specified("webhook", hook.url, tmp_path)), times=2) == [
            Receipt(Outcome.FAILED, "no answer in time"),
            Receipt(Outcome.DELIVERED),
        ]


def test_an_endpoint_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/never-tell"
    (receipt,) = deliver(snapshot(specified("webhook", url, tmp_path)))
    assert receipt.outcome is Outcome.FAILED
    assert "refused" in receipt.reason
    assert "never-tell" not in receipt.reason


@pytest.mark.parametrize(("url", "is_permitted"), [("https://hooks.corp.example", False), ("https://10.1.2.3", True)])
def test_an_inward_address_is_permitted_only_where_the_url_is_that_address(
    url: str, is_permitted: bool, tmp_path: Path
) -> None:
    channels = Channels(snapshot(specified("webhook", url, tmp_path)), lambda: NOW_S, Log(io.StringIO()))
    refusal = channels._guard.refusal(url.removeprefix("https://"), ("10.1.2.3",), 443)
    assert (refusal is None) == is_permitted
    assert channels._guard.refusal("10.1.2.4", ("10.1.2.4",), 443) is not None


def test_an_answer_without_end_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def answer() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
                while True:
                    connection.sendall(bytes(65_536))

        endless = threading.Thread(target=answer)
        endless.start()
        (receipt,) = deliver(snapshot(specified("webhook", url, tmp_path)))
        endless.join()
    assert receipt == Receipt(Outcome.FAILED, "The answer is larger than it may be.")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "ftp://never-tell"}, "expected an http(s) URL"),
        ({"url": "https://user:never-tell@example.com/"}, "expected an http(s) URL"),
        ({"url": "https://example.com", "secret": "never-tell"}, 'expected "whsec_"'),
        ({"url": "https://example.com", "secret": "whsec_bmV2ZXItdGVsbA=="}, "24 to 64 bytes"),
        ({"url": "https://example.com", "secret": "whsec_never-tell!"}, "24 to 64 bytes"),
        ({"secret": KEY}, "missing required field"),
        ({"url": "https://example.com", "link": "x"}, "unknown field"),
    ],
    ids=str,
)
def test_a_webhook_whose_options_cannot_be_is_refused_without_showing_them(
    options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match="webhook") as refused:
        plugins.convert("notifiers", "webhook", options)
    assert reason in str(refused.value)
    assert "never-tell" not in str(refused.value)


def test_a_configuration_that_cannot_be_used_leaves_the_former_channels(hook: Receiver, tmp_path: Path) -> None:
    async def run() -> Receipt:
        good = snapshot(specified("webhook", hook.url, tmp_path))
        channels = Channels(good, lambda: NOW_S, Log(io.StringIO()))
        gone = msgspec.structs.replace(good.notifiers[0], secrets={"url": f"file:{tmp_path / 'gone'}"})
        with pytest.raises(ConfigurationError, match="gone"):
            channels.adopt(snapshot(gone))
        assert list(channels.told) == ["ops"]
        receipt = await channels.deliver("ops", SENT)
        channels.adopt(snapshot())
        assert (list(channels.names), list(channels.told)) == (["log"], [])
        assert (await channels.deliver("ops", SENT)).reason == "there is no such channel"
        channels.close()
        return receipt

    assert asyncio.run(run()).outcome is Outcome.DELIVERED


class Broken:
    """A channel of somebody else that does what it may not."""

    origins: tuple[Origin, ...] = ()

    async def deliver(self, message: Message) -> Receipt:
        """Fails."""
        raise ZeroDivisionError(message.id)


def test_a_plugin_that_fails_in_its_own_way_is_a_channel_that_fails() -> None:
    channels = Channels(snapshot(), lambda: NOW_S, Log(io.StringIO()))
    channels._notifiers["ops"] = Broken()
    receipt = asyncio.run(channels.deliver("ops", SENT))
    assert receipt == Receipt(Outcome.FAILED, "its plugin failed: ZeroDivisionError")


def test_a_name_that_the_policy_refuses_is_told_to_operators(hook: Receiver, tmp_path: Path) -> None:
    lines = io.StringIO()

    async def run() -> Receipt:
        channels = Channels(snapshot(specified("webhook", hook.url, tmp_path)), lambda: NOW_S, Log(lines))
        notifier = channels._notifiers["ops"]
        channels._guard.adopt(Policy())  # as if another configuration came while a message is under way
        return await notifier.deliver(SENT)

    receipt = asyncio.run(run())
    assert receipt.outcome is Outcome.FAILED
    assert "not allowed" in receipt.reason
    assert "egress_denied" in lines.getvalue()
    assert "never-tell" not in lines.getvalue() + receipt.reason
    assert hook.requests == []
