"""What marks for prompt caches save, by a simulated Claude's bill, beside a caller that marks everything always."""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.options import positive
from benchmarks.simulated import KEY, simulated
from stellwerk.simulator.scenario import Scenario, SimulatedProvider

FRESH, READ, WRITE, WRITE_LONG = 3.0, 0.3, 3.75, 6.0
"""Dollars for a million tokens of Claude Sonnet 4.5: input, and what the cache gives, takes, and takes for an hour."""
SYSTEM_TOKENS, TURN_TOKENS = 3_000, 500
MODELS = """
[optimize]
prompt_cache = true

[[models]]
name = "plain"
targets = [{ provider = "claude", model = "claude-sonnet-4-5" }]
"""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Conversations one after the other: of how many turns each, and whether they share their system prompt."""

    name: str
    turns: tuple[int, ...]
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Shares of the input's cost that were saved (negative: lost): in all, at first, and in the last half."""

    traffic: str
    policy: str
    saved: float
    first: float
    later: float


def traffics(seed: int) -> tuple[Traffic, ...]:
    """What is measured."""
    dice = random.Random(seed)  # no secret
    mixed = tuple([5 if dice.random() < 0.3 else 1 for _ in range(60)])
    return (
        Traffic(name="single calls", turns=(1,) * 40),
        Traffic(name="single calls, one system prompt", turns=(1,) * 40, is_shared=True),
        Traffic(name="2 turns", turns=(2,) * 20),
        Traffic(name="5 turns", turns=(5,) * 20),
        Traffic(name="5 turns, one system prompt", turns=(5,) * 20, is_shared=True),
        Traffic(name="20 turns", turns=(20,) * 6),
        Traffic(name="70% single, 30% of 5 turns", turns=mixed),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each traffic with the gateway's marks and with the caller's, and print a table."""
    options = _options(arguments)
    figures = []
    print("| traffic | who marks | saved | first conversation | later half |")
    print("| --- | --- | --: | --: | --: |")
    for traffic in traffics(options.seed):
        for policy, marks in (("gateway", _plain), ("caller, always", _marked)):
            figures.append(figure := _measured(traffic, policy, marks, options.workers))
            shares = " | ".join(f"{share:.1%}" for share in (figure.saved, figure.first, figure.later))
            print(f"| {traffic.name} | {policy} | {shares} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    ours = {figure.traffic: figure for figure in figures if figure.policy == "gateway"}
    is_good = ours["5 turns"].later >= 0.6 and min(figure.saved for figure in ours.values()) >= 0
    print(f"\nat least 60% over 5 turns once conversations are known, nothing dearer: {'yes' if is_good else 'NO'}")
    return 0 if is_good else 1


def _measured(traffic: Traffic, policy: str, marks: Callable[[dict[str, object]], None], workers: int) -> Figure:
    """One gateway from its start on: it knows nothing of what was before. Each request has a connection of its own."""
    claude = SimulatedProvider(name="claude", dialect="anthropic", prompt_cache=True, answer_tokens=80.0)
    bills: list[tuple[float, float]] = []
    scenario = Scenario(providers=(claude,))
    with tempfile.TemporaryDirectory() as folder, simulated(scenario, MODELS, Path(folder), workers=workers) as stage:
        connection = HTTPConnection("127.0.0.1", stage.port, timeout=30)
        for number, turns in enumerate(traffic.turns):
            name = "one" if traffic.is_shared else str(number)
            bills.append(_conversation(connection, f"{name} {_words(SYSTEM_TOKENS)}", turns, number, marks))
        connection.close()
    half = bills[len(bills) // 2 :]
    return Figure(traffic=traffic.name, policy=policy, saved=_share(bills), first=_share(bills[:1]), later=_share(half))


def _conversation(
    connection: HTTPConnection, system: str, turns: int, number: int, marks: Callable[[dict[str, object]], None]
) -> tuple[float, float]:
    """What the prompts of a conversation have cost, and would have cost without a cache, in millionths of dollars."""
    messages: list[dict[str, object]] = []
    paid = whole = 0.0
    for turn in range(turns):
        messages.append({"role": "user", "content": f"{number}.{turn} {_words(TURN_TOKENS - 80)}"})
        body: dict[str, object] = {"model": "plain", "max_tokens": 200, "system": system, "messages": [*messages]}
        marks(body)
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
        connection.close()  # the next one may come to another worker
        connection.request("POST", "/v1/messages", json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        usage, kept = answer["usage"], answer["usage"]["cache_creation"]
        fresh, read = usage["input_tokens"], usage["cache_read_input_tokens"]
        short, long = kept["ephemeral_5m_input_tokens"], kept["ephemeral_1h_input_tokens"]
        paid += fresh * FRESH + read * READ + short * WRITE + long * WRITE_LONG
        whole += (fresh + read + short + long) * FRESH
        messages.append({"role": "assistant", "content": answer["content"]})
    return paid, whole


def _plain(body: dict[str, object]) -> None:
    """The caller leaves it to the gateway."""


def _marked(body: dict[str, object]) -> None:
    """The caller has its provider mark the end of the prompt, and marks its system prompt itself, whatever comes."""
    control = {"type": "ephemeral"}
    body["system"] = [{"type": "text", "text": body["system"], "cache_control": control}]
    body["cache_control"] = control


def _words(tokens: int) -> str:
    """A text of about so many tokens, as the simulator counts."""
    return "train " * tokens


def _share(bills: Sequence[tuple[float, float]]) -> float:
    whole = sum(bill[1] for bill in bills)
    return 1 - sum(bill[0] for bill in bills) / whole


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks breakpoints", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the mixed traffic (default: %(default)s)")
    parser.add_argument("--workers", type=positive, default=2, help="of the gateway (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
