"""Keys beside the configuration file: workers follow the directory, on connections that are open as well."""

import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import msgspec
import pytest

from stellwerk.config.directory_file import append_delta, write_base
from stellwerk.config.pepper import FILE, digest_of, pepper
from stellwerk.config.register import FOLDER
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeKind, ScopeRecord
from stellwerk.simulator.process import Simulator
from tests.e2e.kit import SECRET, WEB, Gateway, model, provider, server, until, up

TILL_KEY = f"{SECRET}-till-0123456789"
WITHIN_S = 1.0


@pytest.fixture
def gateway(north: Simulator, tmp_path: Path) -> Iterator[Gateway]:
    with up(tmp_path, server(), provider("north", north.base_url), model("smart", "north"), WEB) as running:
        # Only then is the admin process done with writing a base of its own.
        running.until(lambda: any(line["role"] == "admin" for line in running.events("worker_ready")), "no admin")
        yield running


def status_on(connection: HTTPConnection) -> int:
    body = b'{"model":"smart","messages":[{"role":"user","content":"hello"}]}'
    headers = {"authorization": f"Bearer {TILL_KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_key_is_known_and_revoked_in_every_worker_within_a_second(gateway: Gateway) -> None:
    folder = gateway.state / FOLDER
    till = KeyRecord("key_1", "till", digest_of(TILL_KEY.encode(), pepper(gateway.state / FILE)), team="shop")
    # Eight connections that stay: more than workers, so that each worker has some with high probability.
    connections = [HTTPConnection("127.0.0.1", gateway.port, timeout=10) for _ in range(8)]

    def become(status: int) -> float:
        begun = time.monotonic()
        until(lambda: {status_on(each) for each in connections} == {status}, f"not {status} everywhere")
        return time.monotonic() - begun

    try:
        assert become(401) < WITHIN_S
        write_base(folder, 1, [till], [])
        assert become(200) < WITHIN_S
        append_delta(folder, DirectoryDelta(2, removed_keys=("key_1",)))
        assert become(401) < WITHIN_S
        append_delta(folder, DirectoryDelta(3, keys=(till,)))
        assert become(200) < WITHIN_S
        append_delta(folder, DirectoryDelta(4, scopes=(ScopeRecord(ScopeKind.TEAM, "shop", is_enabled=False),)))
        assert become(401) < WITHIN_S
        append_delta(folder, DirectoryDelta(5, removed_scopes=("team:shop",)))
        assert become(200) < WITHIN_S
        expiring = msgspec.structs.replace(till, expires_s=time.time() + 0.5)
        append_delta(folder, DirectoryDelta(6, keys=(expiring,)))
        assert become(401) < 0.5 + WITHIN_S
    finally:
        for each in connections:
            with closing(each):
                pass
