"""One thing to time."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call without arguments that does the work once, or `units` times when the figure is to be for each unit."""

    group: str
    name: str
    call: Callable[[], object]
    units: int = 1
