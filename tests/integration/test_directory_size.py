"""A million keys: what following them costs a worker."""

import pytest

from benchmarks.directory import measure

KEYS = 1_000_000


@pytest.mark.soak
def test_a_million_keys_cost_a_worker_little_memory_and_no_pause() -> None:
    found = measure(KEYS)
    assert found.worker_mb <= 500
    assert found.create_ms <= 1.0
    assert found.revoke_ms <= 1.0
    assert found.base_ms <= 5.0
