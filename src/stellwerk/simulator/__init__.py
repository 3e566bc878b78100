"""Simulated providers for tests and trials: realistic answers at a chosen pace, and every way to fail, on real sockets.

``running(scenario)`` starts them in an event loop, ``running_beside(scenario)`` in a thread, ``python -m
stellwerk.simulator`` as a process. Nothing leaves the machine and nothing outside is needed.
"""

from stellwerk.simulator.fault import Fault, PlannedFault
from stellwerk.simulator.process import Simulator, announcement, run, running, running_beside
from stellwerk.simulator.scenario import DEFAULT_SCENARIO, Scenario, SimulatedModel, SimulatedProvider, load, parse
from stellwerk.simulator.spread import Spread

__all__ = [
    "DEFAULT_SCENARIO",
    "Fault",
    "PlannedFault",
    "Scenario",
    "SimulatedModel",
    "SimulatedProvider",
    "Simulator",
    "Spread",
    "announcement",
    "load",
    "parse",
    "run",
    "running",
    "running_beside",
]
