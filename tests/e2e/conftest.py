"""What the tests of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from tests.e2e.gate import Gate, gate
from tests.e2e.kit import PROVIDER_KEY
from tests.measuring import unmeasured
from tests.valkey import Server

MEASURED = ("test_admin", "test_alerts", "test_compute", "test_programs")
"""Files whose processes count for coverage: what else is started here is measured where it is tested by itself."""


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Spares processes their measurement where it tells nothing new: it takes a third of what they take at all."""
    if request.path.stem in MEASURED:
        yield
    else:
        with unmeasured():
            yield


@pytest.fixture(scope="module")
def north() -> Iterator[Simulator]:
    """A simulated provider that answers at once."""
    simulated = SimulatedProvider(name="north", keys=(PROVIDER_KEY,), answer_tokens=5)
    with running_beside(Scenario(providers=(simulated,))) as (simulator,):
        yield simulator


@pytest.fixture
def held() -> Iterator[Gate]:
    """A provider that stops in the middle of every answer until it is told to go on."""
    with gate() as provider:
        yield provider


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A provider that takes a moment, so that requests are under way at the same time."""
    spec = SimulatedProvider(name="north", keys=(PROVIDER_KEY,), first_token_ms=50.0, answer_tokens=20)
    with running_beside(Scenario(providers=(spec,))) as (simulator,):
        yield simulator


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Server]:
    """A server that may be killed."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    found = Server(folder)
    yield found
    found.kill()
