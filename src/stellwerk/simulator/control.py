"""``/__simulator``: what a test asks a simulated provider, and what it tells it.

``GET`` shows the counters and the last requests, ``DELETE`` forgets them and starts the plan of faults anew,
``PUT /__simulator/faults`` replaces the plan by the array under ``faults`` of its JSON body.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from stellwerk.http.request import Request
from stellwerk.simulator.fault import PlannedFault
from stellwerk.simulator.reading import read_struct

PATH = b"/__simulator"
_FIELDS = b"content-type: application/json\r\ncache-control: no-store\r\n"


class Controlled(Protocol):
    """What can be looked at and steered."""

    def report(self) -> dict[str, Any]:
        """Counters and the last requests."""
        ...

    def reset(self) -> None:
        """Forgets what happened."""
        ...

    def set_faults(self, faults: tuple[PlannedFault, ...]) -> None:
        """Replaces the plan of faults."""
        ...


class _Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    faults: tuple[PlannedFault, ...]


def control(request: Request, provider: Controlled) -> None:
    """Answers a request under ``PATH``."""
    match request.method, request.path.removeprefix(PATH):
        case b"GET" | b"HEAD", b"":
            request.respond(200, _FIELDS, msgspec.json.encode(provider.report()))
        case b"DELETE", b"":
            provider.reset()
            request.respond(200, _FIELDS, b"{}")
        case b"PUT", b"/faults":
            problems = _replace_faults(request.body, provider)
            request.respond(400 if problems else 200, _FIELDS, msgspec.json.encode({"problems": problems}))
        case _:
            request.respond(404, _FIELDS, b'{"problems":["use GET or DELETE here, or PUT on /__simulator/faults"]}')


def _replace_faults(body: bytes, provider: Controlled) -> list[str]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [f"this is not JSON: {error}"]
    problems: list[str] = []
    plan = read_struct(_Plan, found, "", problems)
    if plan is not None:
        provider.set_faults(plan.faults)
    return problems
