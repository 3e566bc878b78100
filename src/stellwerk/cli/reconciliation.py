"""Sets what we have counted for a provider beside what it has charged, by day and model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from stellwerk.cli.invoices import Charge
from stellwerk.cli.money import Money
from stellwerk.core.event import RequestEvent

ALL = "(all)"
"""Stands for the model where a day is compared as a whole."""

_DATE = re.compile(r"[-@]?(\d{8}|\d{4}-\d{2}-\d{2}|latest|default)\Z")
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class Difference(msgspec.Struct, frozen=True):
    """A day and a model: what both sides have, in nano-dollars, and how many of our requests have no known cost."""

    day: date
    model: str
    ours: int
    theirs: int
    requests: int
    unpriced: int
    agrees: bool


class Comparison(msgspec.Struct, frozen=True):
    """All differences and agreements, by day and model."""

    rows: tuple[Difference, ...]
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether every row does."""
        return all(row.agrees for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {"agrees": self.agrees, "tolerance": self.tolerance, "rows": msgspec.to_builtins(self.rows)}


def compare(charges: Sequence[Charge], events: Iterable[RequestEvent], tolerance: float) -> Comparison:
    """Charges and events, side by side; ``tolerance`` is the share of the larger amount by which they may differ.

    A day is compared model by model; where a charge of it names none, as in AWS' reports, it is compared as a whole.
    """
    theirs, whole_days = Counter[tuple[date, str]](), set[date]()
    for charge in charges:
        name = _plain(charge.model)
        theirs[charge.day, name] += charge.nanos
        if not name:
            whole_days.add(charge.day)
    ours, requests, unpriced = (Counter[tuple[date, str]]() for _ in range(3))
    for event in events:
        if not event.provider_model:
            continue
        place = datetime.fromtimestamp(event.started_ms / 1000, UTC).date(), _plain(event.provider_model)
        requests[place] += 1
        ours[place] += event.cost_nanos or 0
        unpriced[place] += event.cost_nanos is None
    ours, theirs = _by_day(ours, whole_days), _by_day(theirs, whole_days)
    requests, unpriced = _by_day(requests, whole_days), _by_day(unpriced, whole_days)
    rows = []
    for place in sorted(ours.keys() | theirs.keys()):
        mine, other = ours[place], theirs[place]
        agrees = abs(mine - other) <= tolerance * max(abs(mine), abs(other))
        rows.append(Difference(*place, mine, other, requests[place], unpriced[place], agrees))
    return Comparison(tuple(rows), tolerance)


def lines_of(found: Comparison, money: Money) -> list[str]:
    """The comparison as a table, with its verdict."""
    lines = [f"{'day':10}  {'model':32} {'requests':>9}  {'ours':>22}  {'theirs':>22}  {'difference':>11}"]
    for row in found.rows:
        off = (row.ours - row.theirs) / row.theirs if row.theirs else None
        share = "only ours" if off is None else f"{off:+.2%}"
        note = "" if row.agrees else "  DIFFERS"
        note += f", {row.unpriced} without a known cost" if row.unpriced else ""
        lines.append(
            f"{row.day}  {row.model:32} {row.requests:>9}  {money.text(row.ours):>22}  {money.text(row.theirs):>22}  "
            f"{share:>11}{note}"
        )
    wrong = sum(not row.agrees for row in found.rows)
    verdict = f"{wrong} of {len(found.rows)} differ by more than" if wrong else "all agree within"
    return [*lines, f"{verdict} {found.tolerance:.2%}"]


def _by_day(counts: Counter[tuple[date, str]], whole_days: set[date]) -> Counter[tuple[date, str]]:
    """The counts, with all models of such days taken together."""
    found = Counter[tuple[date, str]]()
    for (day, name), count in counts.items():
        found[day, ALL if day in whole_days else name] += count
    return found


def _plain(name: str) -> str:
    """A model's name as all sides write it: consoles say "Claude Sonnet 4.5", line items "gpt-4o-2024-08-06, input"."""
    bare = name.lower().partition(",")[0].strip().rpartition("/")[2]
    return _NOT_A_NAME.sub("-", _DATE.sub("", bare)).strip("-")
