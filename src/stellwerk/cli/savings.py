"""``stellwerk savings``: what caches, optimizers, marks and routing have saved, net and at list price."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from stellwerk.cli.events import CONFIG, filters, opened, recorded
from stellwerk.core.savings import GROUPS, KINDS, Row, grouped, total

if TYPE_CHECKING:
    from stellwerk.cli.money import Money


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--config", default=CONFIG, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--by", choices=GROUPS, default="model", help="what requests are put together by")
    filters(parser)


def run(options: argparse.Namespace) -> int:
    """Adds up what is on record."""
    state, money = opened(options)
    rows = grouped(recorded(state, options), options.by)
    whole = total(rows.values())
    if options.json:
        found = [{options.by: name, **described(row)} for name, row in rows.items()]
        print(json.dumps({"by": options.by, "rows": found, "total": described(whole)}))
    elif not rows:
        print("no requests are on record")
    else:
        print(_table(options.by, rows, whole, money))
    return 0


def described(row: Row) -> dict[str, Any]:
    """A row as JSON; amounts are nano-dollars, what was lost is negative."""
    return {
        "requests": row.requests,
        "unpriced": row.unpriced,
        "cost_nanos": row.cost_nanos,
        "saved_nanos": row.saved,
        "net_nanos": row.net_nanos,
        "share": row.share,
    }


def _table(by: str, rows: dict[str, Row], whole: Row, money: Money) -> str:
    from stellwerk.cli.admin_client import table

    kinds = [kind for kind in (*KINDS, *sorted(whole.saved.keys() - set(KINDS))) if kind in whole.saved]
    head = (by.upper(), "REQUESTS", "COST", *(kind.upper() for kind in kinds), "SAVED", "SHARE")

    def line(name: str, row: Row) -> tuple[str, ...]:
        amounts = (row.cost_nanos, *(row.saved.get(kind, 0) for kind in kinds), row.net_nanos)
        return name, str(row.requests), *map(money.text, amounts), f"{row.share:.1%}"

    lines = [*(line(name or "-", row) for name, row in rows.items()), line("all", whole)]
    note = f"\n{whole.unpriced} of them without a known cost" if whole.unpriced else ""
    return table(head, lines) + note
