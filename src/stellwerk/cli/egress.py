"""``stellwerk egress check``: says which URLs the gateway may connect to.

Nothing is looked up unless ``--resolve`` asks for it; then the addresses of each host are judged too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stellwerk.core.egress_policy import Decision, Policy
    from stellwerk.http.pool import Resolver


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = commands.add_parser("check", help="judges URLs by the policy of a configuration", allow_abbrev=False)
    check.add_argument("urls", nargs="+", metavar="URL", help="what might be connected to")
    check.add_argument("--resolve", action="store_true", help="look hosts up and judge their addresses too")
    check.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
    check.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")


def run(options: argparse.Namespace) -> int:
    """Prints a decision for each URL, in their order; 1 when one is denied."""
    from stellwerk.config.compile import compile_file
    from stellwerk.gateway.upstreams import egress_policy

    policy = egress_policy(compile_file(Path(options.config)))
    decisions = [policy.judge_url(url) for url in options.urls]
    if options.resolve:
        decisions = asyncio.run(_resolved(policy, decisions))
    if options.json:
        judged = zip(options.urls, decisions, strict=True)
        print(json.dumps([{"url": url, "decision": found.word, "reason": found.reason} for url, found in judged]))
    else:
        for url, found in zip(options.urls, decisions, strict=True):
            print(f"{found.word:5}  {_visible(url)}  ({found.reason})")
        if policy.mode == "report":
            print('egress.mode is "report": what is denied here is only counted and logged')
    return 0 if all(found.is_allowed for found in decisions) else 1


async def _resolved(policy: Policy, decisions: list[Decision]) -> list[Decision]:
    """The decisions after the hosts that are allowed so far have been looked up, all at once."""
    from stellwerk.http.resolver import SystemResolver

    resolver = SystemResolver(time.monotonic)
    return await asyncio.gather(*(_looked_up(policy, decision, resolver) for decision in decisions))


async def _looked_up(policy: Policy, decision: Decision, resolver: Resolver) -> Decision:
    from stellwerk.core.egress_policy import Decision

    origin = decision.origin
    if origin is None or not decision.is_allowed:
        return decision
    try:
        addresses = await resolver.resolve(origin.host, origin.port)
    except OSError as error:
        return Decision(is_allowed=False, reason=f"{origin.host} has no address: {error.strerror or error}")
    answer = policy.judge_answer(origin.host, addresses, origin.port)
    reached = f"{decision.reason}, at {', '.join(addresses)}"
    return Decision(is_allowed=True, reason=reached) if answer.is_allowed else answer


def _visible(url: str) -> str:
    return url if url.isprintable() else ascii(url)
