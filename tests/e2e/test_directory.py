"""Keys beside the configuration file: workers follow the directory, on connections that are open as well."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, Gateway, model, provider, server, until, up

WITHIN_S = 1.0
ANY_VERSION = {"if-match": "*"}


@pytest.fixture
def gateway(north: Simulator, tmp_path: Path) -> Iterator[Gateway]:
    with up(tmp_path, server(), provider("north", north.base_url), model("smart", "north"), WEB) as running:
        yield running


def status_on(connection: HTTPConnection, key: str) -> int:
    body = b'{"model":"smart","messages":[{"role":"user","content":"hello"}]}'
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_key_is_known_and_revoked_in_every_worker_within_a_second(gateway: Gateway) -> None:
    def done(status: int, method: str, path: str, body: Any = None) -> Any:
        found, answer = gateway.administer(method, f"/admin/v1{path}", body, **ANY_VERSION)
        assert found == status, answer
        return answer

    def become(key: str, status: int) -> float:
        begun = time.monotonic()
        until(lambda: {status_on(each, key) for each in connections} == {status}, f"not {status} everywhere")
        return time.monotonic() - begun

    with ExitStack() as stack:
        # Eight connections that stay: more than workers, so that each worker has some with high probability.
        connections = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", gateway.port, timeout=10))) for _ in range(8)
        ]
        assert become("sk-nobody", 401) < WITHIN_S
        done(201, "POST", "/teams", {"name": "shop"})
        till = done(201, "POST", "/keys", {"name": "till", "team": "shop"})
        assert become(till["key"], 200) < WITHIN_S
        done(200, "PATCH", f"/keys/{till['id']}", {"enabled": False})
        assert become(till["key"], 401) < WITHIN_S
        done(200, "PATCH", f"/keys/{till['id']}", {"enabled": True})
        assert become(till["key"], 200) < WITHIN_S
        done(200, "PATCH", "/teams/shop", {"enabled": False})
        assert become(till["key"], 401) < WITHIN_S
        done(200, "PATCH", "/teams/shop", {"enabled": True})
        assert become(till["key"], 200) < WITHIN_S
        done(200, "PATCH", f"/keys/{till['id']}", {"expires_s": int(time.time()) + 1})
        assert become(till["key"], 401) < 1 + WITHIN_S
        done(200, "PATCH", f"/keys/{till['id']}", {"expires_s": None})
        assert become(till["key"], 200) < WITHIN_S
        done(204, "DELETE", f"/keys/{till['id']}")
        assert become(till["key"], 401) < WITHIN_S


def test_a_key_is_good_for_the_first_request_after_it_was_made(gateway: Gateway) -> None:
    """Whichever worker that comes to: no caller has to wait until the news has got around."""
    for each in range(40):
        status, made = gateway.administer("POST", "/admin/v1/keys", {"name": f"till-{each}"}, **ANY_VERSION)
        assert status == 201, made
        with closing(HTTPConnection("127.0.0.1", gateway.port, timeout=10)) as connection:
            assert status_on(connection, made["key"]) == 200
