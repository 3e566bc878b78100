"""What workers have learned of tokens outlives them."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import msgspec

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, up


def ask(gateway: Gateway) -> None:
    """Has one chat request answered."""
    body = {"model": "smart", "messages": [{"role": "user", "content": "What does a signal box do? " * 20}]}
    host, _, port = gateway.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    headers = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200


def kept(gateway: Gateway) -> int:
    """How many counts the worker's file rests on."""
    told = msgspec.msgpack.decode((gateway.state / "tokens" / "0.msgpack").read_bytes())
    ((counts, _, _),) = told["north/gpt-4.1"].values()
    return int(counts)


def test_a_worker_goes_on_from_what_its_predecessor_knew(tmp_path: Path, north: Simulator) -> None:
    sections = (server(workers=1), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *sections) as gateway:
        ask(gateway)
        ask(gateway)
        gateway.stop()
        assert kept(gateway) == 2
    with up(tmp_path, *sections) as gateway:
        ask(gateway)
        gateway.stop()
        assert kept(gateway) == 3
