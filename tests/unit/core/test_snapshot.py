"""The compiled configuration: the same on both sides of the file, immutable, with the defaults that are documented."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core import snapshot
from stellwerk.core.snapshot import (
    FORMAT,
    AdminSpec,
    CorsSpec,
    KeySpec,
    LimitsSpec,
    ModelSpec,
    ProviderSpec,
    RetrySpec,
    ServerSpec,
    Snapshot,
    StateSpec,
    TargetSpec,
    TlsSpec,
)

STRUCTS = [
    kind
    for kind in vars(snapshot).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == snapshot.__name__
]
FULL = Snapshot(
    format=FORMAT,
    version=7,
    source="/etc/stellwerk.toml",
    server=ServerSpec(
        "127.0.0.1",
        8080,
        2,
        tls=TlsSpec("file:/c.pem", "file:/k.pem"),
        trusted_proxies=("10.0.0.0/8",),
        cors=CorsSpec(("https://app.example.com",)),
    ),
    admin=AdminSpec("127.0.0.1", 8081, "env:TOKEN"),
    state=StateSpec("/var/lib/stellwerk"),
    providers=(ProviderSpec("one", "openai", {"base_url": "https://x/v1", "n": 1}, {"api_key": "env:KEY"}),),
    models=(ModelSpec("plain", (TargetSpec("one", "m", 2.0),), fallback=("other",), requires=("vision",)),),
    keys=(KeySpec("web", "env:WEB", "shop", ("plain",)),),
)


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_every_part_is_frozen_and_documented(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__doc__


def test_a_snapshot_survives_its_file() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(FULL), type=Snapshot) == FULL


def test_two_snapshots_share_no_options() -> None:
    first, second = ModelSpec("a", ()), ModelSpec("b", ())
    assert first.strategy_options == {}
    first.strategy_options["x"] = 1
    assert second.strategy_options == {}


def test_the_defaults_are_the_documented_ones() -> None:
    model, limits = ModelSpec("plain", ()), LimitsSpec()
    assert (model.timeout_s, model.first_byte_timeout_s, model.strategy) == (120, 20, "priority")
    assert (RetrySpec().same_target, RetrySpec().attempts) == (2, 6)
    assert (limits.header_timeout_s, limits.body_timeout_s, limits.max_body_bytes) == (10, 30, 64 * 2**20)
    assert limits.max_event_bytes == 16 * 2**20
    assert ServerSpec("", 0, 1).drain_s == 330
    assert KeySpec("web", "env:WEB").models == ("*",)
