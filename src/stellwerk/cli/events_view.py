"""How ``stellwerk events`` shows what is on record: a line, a page with a bill, or a JSON object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from stellwerk.catalog.document import PER_THOUSAND
from stellwerk.cli.money import Money
from stellwerk.core.bill import UNKNOWN, Bill
from stellwerk.core.cost import CostLine, format_usd
from stellwerk.core.event import RequestEvent
from stellwerk.core.feedback import BAD, Feedback
from stellwerk.core.savings import read

HEAD = (
    f"{'started (UTC)':23}  {'id':32}  {'key':12} {'model':20} {'target':36} {'outcome':9}  {'in':>8} {'out':>7}  cost"
)


def line(event: RequestEvent, money: Money) -> str:
    """A request in a line."""
    target = f"{event.provider}/{event.provider_model}" if event.provider else "-"
    return (
        f"{_time(event.started_ms):23}  {event.request_id:32}  {event.key_name or '-':12} {event.model or '-':20} "
        f"{target:36} {event.outcome:9}  {event.input_tokens:>8} {event.output_tokens:>7}  "
        f"{money.text(event.cost_nanos)}{' (estimated)' if event.is_estimated else ''}"
    )


def facts(event: RequestEvent, feedback: Feedback | None = None) -> list[str]:
    """All that is on record of a request but its bill."""
    said = ""
    if feedback is not None:  # whose words may hold anything
        said = f"{'bad' if feedback.value == BAD else 'good'}{f', {feedback.comment!r}' if feedback.comment else ''}"
    tokens = (
        f"{event.input_tokens:,} in ({event.cache_read_tokens:,} from a cache, {event.cache_write_tokens:,} to one), "
        f"{event.output_tokens:,} out ({event.reasoning_tokens:,} reasoning)"
    )
    times = (
        f"{event.latency_us / 1000:.3f} ms, the first byte after {event.first_byte_us / 1000:.3f} ms, "
        f"{event.overhead_us / 1000:.3f} ms of it our own"
    )
    told = {
        "request": event.request_id,
        "started": f"{_time(event.started_ms)} UTC",
        "asked": f"{event.model or '-'} in {event.dialect}{', streamed' if event.is_stream else ''}",
        "by": f"{event.key_name or '-'}{f' of {event.team}' if event.team else ''}",
        "tags": event.tags,
        "target": f"{event.provider}/{event.provider_model}" if event.provider else "none",
        "route": event.route,
        "attempts": str(event.attempts),
        "outcome": f"{event.outcome} ({event.status}){f', {event.error}' if event.error else ''}",
        "took": times,
        "tokens": f"{tokens}{', estimated' if event.is_estimated else ''}",
        "tier": event.service_tier,
        "cached": event.prompt_cache,
        "feedback": said,
        "saved": ", ".join(f"{kind} {format_usd(nanos).decode()} USD" for kind, nanos in read(event.savings).items()),
    }
    return [f"{name:9} {value}" for name, value in told.items() if value]


def bill_lines(event: RequestEvent, bill: Bill, money: Money) -> list[str]:
    """The bill: a line for each kind of unit, their sum, and what was counted on whose word."""
    lines = [f"{'price':9} {event.price_version or 'none: the model is unpriced'}"]
    if event.price_version and not bill.lines and event.input_tokens + event.output_tokens:
        lines.append(
            "          it is not among the prices in this state directory, so the bill cannot be computed again"
        )
    lines += [_bill_line(each, money) for each in bill.lines]
    if bill.lines:
        lines.append(f"  {'computed':52} {money.text(bill.computed_nanos):>24}")
    if bill.reported_nanos is not None:
        lines.append(f"  {'reported by the provider':52} {money.text(bill.reported_nanos):>24}")
    if bill.extra_nanos:
        lines.append(f"  {'for what the caller did not get':52} {money.text(bill.extra_nanos):>24}")
    basis = "the model has no price, or nobody said what was used" if bill.basis == UNKNOWN else bill.basis
    lines.append(f"  {f'counted: {basis}':52} {money.text(event.cost_nanos):>24}")
    if bill.is_wrong:
        lines.append("  WRONG: what was counted is not what the usage on record costs at this price")
    return lines


def described(event: RequestEvent) -> dict[str, Any]:
    """The event as JSON: its fields as they are recorded."""
    return msgspec.structs.asdict(event)


def described_bill(bill: Bill) -> dict[str, Any]:
    """The bill as JSON; nano-dollars, and rates in nano-dollars for a million units."""
    return {**msgspec.to_builtins(bill), "wrong": bill.is_wrong}


def _bill_line(each: CostLine, money: Money) -> str:
    if each.rate is None:
        rate = "without a rate"
    else:
        per = "thousand" if each.unit in PER_THOUSAND else "million"
        usd = format_usd(each.rate // 1000 if each.unit in PER_THOUSAND else each.rate).decode()
        rate = f"at {usd} USD a {per}"
    return f"  {each.unit:16} {each.count:>12,} {rate:22} {money.text(each.nanos):>24}"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(" ", "milliseconds")[:23]
