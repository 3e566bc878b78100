"""``/metrics`` and ``/healthz?full`` of a running host, who may read them, and what a worker weighs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import CONNECTIONS, ask, get, requests_counted, samples
from tests.e2e.kit import ADMIN_TOKEN, WEB, WEB_KEY, Gateway, model, provider, server, up

MAX_IDLE_PSS_KB = 30 * 1024
AFAR = {"x-forwarded-for": "203.0.113.7"}
"""A peer on loopback that forwards for somebody is not taken for this host."""


@pytest.fixture(scope="module")
def gateway(north: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Two workers before one provider, measured without anything that measures."""
    folder = tmp_path_factory.mktemp("operation")
    sections = (server(), provider("north", north.base_url), model("smart", "north"), WEB)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE")]:
            patch.delenv(name)
        with up(folder, *sections) as running:
            yield running


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell what memory is shared"
)
def test_an_idle_worker_weighs_at_most_30_mb(gateway: Gateway, record_property: Callable[[str, object], None]) -> None:
    weights_kb = [pss_kb(pid) for pid in gateway.workers]
    record_property("idle_pss_kb", weights_kb)
    assert max(weights_kb) <= MAX_IDLE_PSS_KB


def pss_kb(pid: int) -> int:
    """The memory of a process, with its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@pytest.mark.parametrize("path", ["/metrics", "/healthz?full"])
def test_this_host_and_the_admin_token_may_look_and_nobody_else(gateway: Gateway, path: str) -> None:
    assert get(gateway.address, path).status == 200
    assert get(gateway.address, path, AFAR).status == 403
    assert get(gateway.address, path, {**AFAR, "authorization": f"Bearer {WEB_KEY}"}).status == 403
    assert get(gateway.address, path, {**AFAR, "authorization": f"Bearer {ADMIN_TOKEN}"}).status == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_everybody_may_ask_whether_it_lives(gateway: Gateway, path: str) -> None:
    assert get(gateway.address, path, AFAR).status == 200


def test_the_totals_of_the_host_are_the_same_at_every_worker(gateway: Gateway) -> None:
    before = requests_counted(gateway.address)
    for _ in range(40):
        assert ask(gateway.address).status == 200

    def are_equal() -> bool:
        return {requests_counted(gateway.address) for _ in range(CONNECTIONS)} == {before + 40}

    gateway.until(are_equal, "they differ")


def test_the_metrics_are_a_prometheus_text(gateway: Gateway) -> None:
    assert ask(gateway.address).status == 200
    labels = '{model="smart",target="north/gpt-4.1",outcome="complete",status="200"}'
    # Asked at once, the other worker may not have heard of it yet.
    gateway.until(lambda: "stellwerk_requests_total" + labels in samples(get(gateway.address, "/metrics").body))
    answer = get(gateway.address, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.body)
    count = found["stellwerk_requests_total" + labels]
    assert count >= 1
    buckets = [value for name, value in found.items() if "_duration_seconds_bucket" in name and 'status="200"' in name]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found["stellwerk_request_duration_seconds_count" + labels] == count
    assert found["stellwerk_workers"] == found["stellwerk_workers_ready"] == 2
    assert found["stellwerk_configuration_version"] == 1


def test_the_health_page_shows_every_worker(gateway: Gateway) -> None:
    health = get(gateway.address, "/healthz?full").json
    assert health["status"] == "ok"
    assert [worker["pid"] for worker in health["workers"]] == gateway.workers
    assert [worker["slot"] for worker in health["workers"]] == [0, 1]
    assert all(worker["ready"] and worker["configuration"] == 1 for worker in health["workers"])
    assert health["events"]["last_error"] == ""
    assert health["events"]["dropped"] == 0
