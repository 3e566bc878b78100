"""What an alert says, as the message that goes to every channel. The JSON is described in docs/reference/alerts.md."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from stellwerk.core.alert import Crossing
from stellwerk.core.cost import format_usd
from stellwerk.core.scope import Period
from stellwerk.ports.notifier import Message

VERSION = 1
"""Of the JSON: it grows when something changes its meaning or goes, not when something is added."""
BUDGET_THRESHOLD = "budget.threshold"
TEST = "test"


def of_budget(id_: str, time_s: float, found: Crossing) -> Message:
    """The message that a budget has passed a threshold."""
    spec = found.spec
    zone = ZoneInfo(spec.time_zone)
    is_endless = spec.period is Period.NEVER
    data = {
        "scope": found.scope,
        "budget": spec.name or spec.period.value,
        "period": {
            "every": spec.period.value,
            "time_zone": spec.time_zone,
            "begins": None if is_endless else datetime.fromtimestamp(found.begins_s, zone).isoformat(),
            "ends": None if is_endless else datetime.fromtimestamp(found.ends_s, zone).isoformat(),
        },
        "threshold": found.share,
        "limit_usd": _usd(spec.limit_nanos),
        "spent_usd": _usd(found.spent_nanos),
        "estimated_usd": _usd(found.estimated_nanos),
        "hard": spec.is_hard,
        "at_limit": "refuse" if spec.is_hard else "count",
    }
    until = "" if is_endless else f" until {data['period']['ends']}"  # type: ignore[index]  # a table, as it stands there
    consequence = "what it might not be able to pay is refused" if spec.is_hard else "nothing is refused"
    summary = (
        f"{found.scope} has spent {_usd(found.spent_nanos)} of {_usd(spec.limit_nanos)} USD{until}, "
        f"{_percent(found.share)} or more of its budget {data['budget']}; at 100 % {consequence}"
    )
    return _message(id_, BUDGET_THRESHOLD, time_s, summary, data)


def of_test(id_: str, time_s: float, channel: str) -> Message:
    """A message that says nothing but that the channel works."""
    return _message(id_, TEST, time_s, f"A test of the channel {channel}: it works", {"channel": channel})


def _message(id_: str, type_: str, time_s: float, summary: str, data: dict[str, Any]) -> Message:
    timestamp = datetime.fromtimestamp(int(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"version": VERSION, "id": id_, "type": type_, "timestamp": timestamp, "summary": summary, "data": data}
    return Message(id_, type_, summary, msgspec.json.encode(document))


def _usd(nanos: int) -> str:
    return format_usd(nanos).decode()


def _percent(share: float) -> str:
    return f"{(Decimal(repr(share)) * 100).normalize():f} %"
