"""The stages of a request, one by one, and what stands between them."""

import time
from collections import deque
from collections.abc import Iterator

from benchmarks.cases.case import Case
from benchmarks.cases.samples import chat_request
from stellwerk.core.able import Lack
from stellwerk.core.egress_policy import Policy
from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.identity import Principal
from stellwerk.core.route import Plan, Target
from stellwerk.core.snapshot import FORMAT, AdminSpec, LimitsSpec, ServerSpec, Snapshot, StateSpec
from stellwerk.dialects.openai_chat.request import read_envelope
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.metrics import Metrics
from stellwerk.gateway.request_id import RequestIds
from stellwerk.gateway.stages.account import Account
from stellwerk.gateway.stages.authenticate import authenticate
from stellwerk.gateway.stages.route import find
from stellwerk.http.call import Patience, frame
from stellwerk.providers import openai
from stellwerk.strategies import priority

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
KEYS = 1_000
MODEL = "gpt-4o-mini"
TARGET = Target("mock/gpt-4o-mini", "mock", "gpt-4o-mini")
PRINCIPAL = Principal("bench", "", None)


def cases() -> Iterator[Case]:
    """In the order in which a request meets them."""
    envelope = read_envelope(chat_request(1_000), max_depth=LimitsSpec().max_json_depth)
    yield _request_id()
    yield _authenticate()
    yield _route(envelope)
    yield from _upstream(envelope)
    yield _account(envelope)


def _request_id() -> Case:
    ids = RequestIds()
    now_ms = int(time.time() * 1000)
    return Case(group="stage", name="request id", call=lambda: ids.new(now_ms))


def _authenticate() -> Case:
    others = {f"sk-other-{number:032x}": Principal(f"key-{number}", "", None) for number in range(KEYS)}
    directory = Directory({**others, KEY: PRINCIPAL})
    headers = {b"host": b"127.0.0.1", b"authorization": f"Bearer {KEY}".encode()}
    return Case(group="stage", name=f"authenticate, {KEYS:,} keys", call=lambda: authenticate(headers, directory))


def _route(envelope: Envelope) -> Case:
    configuration = _configuration()
    return Case(group="stage", name="route", call=lambda: find(PRINCIPAL, envelope, configuration).fixed)


def _upstream(envelope: Envelope) -> Iterator[Case]:
    provider = openai.build(openai.Settings(api_key="sk-provider", base_url="http://127.0.0.1:9/v1"))
    wire = provider.prepare(envelope, TARGET, "sk-provider", b"")
    yield Case(
        group="stage",
        name="prepare for the provider",
        call=lambda: provider.prepare(envelope, TARGET, "sk-provider", b""),
    )
    yield Case(
        group="stage",
        name="head of the upstream request",
        call=lambda: frame(wire.method, wire.path, b"127.0.0.1:9", wire.fields, len(wire.body)),
    )


def _account(envelope: Envelope) -> Case:
    events: deque[RequestEvent] = deque(maxlen=1)
    account = Account(events.append, Metrics([MODEL]))
    started_ms = int(time.time() * 1000)
    event = RequestEvent(
        started_ms=started_ms,
        request_id="0" * 32,
        dialect=envelope.dialect,
        key_name=PRINCIPAL.key_name,
        team=PRINCIPAL.team,
        model=MODEL,
        provider=TARGET.provider,
        provider_model=TARGET.model,
        outcome="complete",
        status=200,
        error="",
        is_stream=False,
        attempts=1,
        latency_us=62_500,
        first_byte_us=62_400,
        overhead_us=100,
        input_tokens=118,
        output_tokens=96,
        cache_read_tokens=0,
        cache_write_tokens=0,
        reasoning_tokens=0,
        request_bytes=len(envelope.body),
        reply_bytes=1_077,
        finish="stop",
        tags="",
    )

    def settle() -> None:
        account.open("0" * 32, started_ms, PRINCIPAL, envelope, "").settle(event)

    return Case(group="stage", name="account: open and settle", call=settle)


def _configuration() -> Configuration:
    model = Model(
        name=MODEL,
        strategy=priority.build(priority.Settings()),
        fixed=Plan((TARGET,), ""),
        unfit={},
        lack=Lack(),
        is_choosy=False,
        standings={},
        targets=(TARGET,),
        routes={},
        spare=(),
        timeout_s=120.0,
        attempts=6,
        repeats=2,
        hedging=None,
        room=None,
        mirror=None,
        stream_patience=Patience(),
        whole_patience=Patience(),
    )
    snapshot = Snapshot(
        format=FORMAT,
        version=1,
        source="",
        server=ServerSpec("127.0.0.1", 0, 1),
        admin=AdminSpec("127.0.0.1", 0),
        state=StateSpec(""),
        providers=(),
        models=(),
        keys=(),
    )
    return Configuration(snapshot, Directory({}), {MODEL: model}, {}, None, (), b"", Policy(), {})
