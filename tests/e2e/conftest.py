"""What the tests of the command line share."""

from collections.abc import Iterator

import pytest

from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from tests.e2e.gate import Gate, gate
from tests.e2e.kit import PROVIDER_KEY


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
