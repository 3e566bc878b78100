"""How each strategy goes through an outage: one provider of three refuses everything for some seconds.

A gateway serves one model for each strategy, all with the same three simulated providers, and callers ask each of them
at a fixed rate. The pictures of the documentation are drawn from what the callers got, and from what the event log says
of circuits.
"""

import argparse
import asyncio
import re
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.callers import Answer, Question, ask_all
from benchmarks.failures import BenchmarkError
from benchmarks.options import names_of, positive
from benchmarks.picture import Picture, Span, drawn
from benchmarks.process import end_on_sigterm
from benchmarks.simulated import Stage, simulated
from stellwerk.core.learned_route import encode
from stellwerk.core.learned_training import Outcome, learn, split
from stellwerk.simulator.fault import PlannedFault
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from stellwerk.simulator.spread import Spread

PICTURES = Path(__file__).parent.parent / "docs" / "assets" / "strategies"
PACES = {"north": 40.0, "south": 80.0, "west": 120.0}
"""The providers with their median time to first token in milliseconds; the first one fails."""
SECONDS = 28.0
OUTAGE = Span(6.0, 14.0)
EVENTS_S = 10.0
CONVERSATIONS = 60
TURNS = 6
HARD_SHARE = 0.3
REFUSED = "[[say=I'm sorry, but I can't help with that.; at=north]]"
"""What makes a question too hard for the weak model: it refuses."""
EASY, HARD = "Name the capital of country {}.", "Prove theorem {} of the book."
"""What the strategy `learned` has learned to tell apart."""
OUTCOMES = 1_000
ROUTE = "easy.model"
FAILED = ": upstream_unavailable"
OPEN = re.compile(r"; north/[^:]+: circuit open for ([\d.]+) s")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One strategy as it is shown."""

    models: tuple[str, str, str] | None = None
    """What the targets are called at north, south and west, where the catalogue has to know them."""
    weights: tuple[float, float, float] = (1, 1, 1)
    options: str = "{}"
    texts: tuple[str, str] = ("Question {}?", "Question {}?")
    """An easy question and a hard one."""
    note: str = ""
    """What one has to know of the targets to read the picture."""


SETTINGS = {
    "priority": Setting(note="north is listed first, then south, then west"),
    "weighted": Setting(weights=(5, 3, 2), note="north has a weight of 5, south of 3, west of 2"),
    "cheapest": Setting(
        models=("gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1"), note="north is the cheapest, west the dearest"
    ),
    "fastest": Setting(note="north begins after 40 ms, south after 80, west after 120"),
    "least_busy": Setting(note="north begins after 40 ms, south after 80, west after 120"),
    "sticky": Setting(note="conversations of six turns; new ones are spread evenly"),
    "cascade": Setting(
        texts=("Question {}?", f"Question {{}}? {REFUSED}"),
        note="north is the weak one, and refuses three questions of ten",
    ),
    "learned": Setting(
        options=f'{{ model = "{ROUTE}" }}',
        texts=(EASY, HARD),
        note="north is the weak one, west the strong; three questions of ten are hard",
    ),
}


class Event(NamedTuple):
    """One request as the event log has it."""

    started_ms: int
    model: str
    provider: str
    first_byte_us: int
    route: str


SELECT = "SELECT started_ms, model, provider, first_byte_us, route FROM event ORDER BY started_ms"


@dataclass
class Witness:
    """What was seen of one run."""

    answers: list[Answer]
    started_ms: float
    open_spans: dict[str, list[Span]] = field(default_factory=dict)
    vain_s: dict[str, list[float]] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, draw, and write; 1 when a request failed, 2 when nothing could be measured."""
    options = _options(arguments)
    end_on_sigterm()
    try:
        with TemporaryDirectory(prefix="stellwerk-bench-") as directory:
            witness = _witnessed(options, Path(directory))
    except BenchmarkError as error:
        print(f"# {error}", file=sys.stderr)
        return 2
    options.pictures.mkdir(parents=True, exist_ok=True)
    failures = 0
    for strategy in options.strategies:
        picture = _picture(strategy, witness)
        (options.pictures / f"{strategy}.svg").write_text(drawn(picture), encoding="utf-8")
        print(f"{strategy:12} {len(picture.answers)} requests, {picture.failures} failed")
        failures += picture.failures
    return 1 if failures else 0


def _witnessed(options: argparse.Namespace, directory: Path) -> Witness:
    providers = tuple(
        SimulatedProvider(name=name, first_token_ms=Spread(median=pace, p95=2 * pace), token_ms=2.0, answer_tokens=8)
        for name, pace in PACES.items()
    )
    _learn(directory / ROUTE)
    models = "".join(_section(strategy, SETTINGS[strategy]) for strategy in options.strategies)
    with simulated(Scenario(seed=options.seed, providers=providers), models, directory) as stage:
        witness = asyncio.run(_watched(stage, options))
        _read_circuits(stage.state, witness)
        return witness


async def _watched(stage: Stage, options: argparse.Namespace) -> Witness:
    """Callers ask, and meanwhile the first provider fails."""
    loop = asyncio.get_running_loop()
    start, started_ms = loop.time(), time.time() * 1e3
    failing = stage.providers[next(iter(PACES))]

    async def outage() -> None:
        await asyncio.sleep(start + OUTAGE.begin_s - loop.time())
        failing.set_faults(PlannedFault(kind=503))
        await asyncio.sleep(start + OUTAGE.end_s - loop.time())
        failing.set_faults()

    async with asyncio.TaskGroup() as group:
        group.create_task(outage())
        asking = group.create_task(ask_all(stage.port, _questions(options), start=start))
    return Witness(asking.result(), started_ms)


def _questions(options: argparse.Namespace) -> Iterator[Question]:
    dice = Random(options.seed)
    for number in range(int(SECONDS * options.rate)):
        for place, strategy in enumerate(options.strategies):
            is_hard = dice.random() < HARD_SHARE
            slot, turn = number % CONVERSATIONS, number // CONVERSATIONS
            yield Question(
                due_s=(number + place / len(options.strategies)) / options.rate,
                model=strategy,
                text=SETTINGS[strategy].texts[is_hard].format(number),
                # Conversations begin at different times.
                session=f"{slot}-{(turn + slot * TURNS // CONVERSATIONS) // TURNS}",
            )


def _section(strategy: str, setting: Setting) -> str:
    models = setting.models or (strategy,) * len(PACES)
    targets = ", ".join(
        f'{{ provider = "{name}", model = "{model}", weight = {weight} }}'
        for name, model, weight in zip(PACES, models, setting.weights, strict=True)
    )
    return (
        f'\n[[models]]\nname = "{strategy}"\nstrategy = "{strategy}"\ntargets = [{targets}]\n'
        f"strategy_options = {setting.options}\n"
    )


def _learn(file: Path) -> None:
    """What `stellwerk models learn` would make of outcomes in which the weak model is right where it is easy."""
    outcomes = [
        Outcome((HARD if number % 2 else EASY).format(number), float(not number % 2), 1.0) for number in range(OUTCOMES)
    ]
    file.write_bytes(encode(learn(split(outcomes, seed=0, is_tested=False).folds, 0.9)))


def _read_circuits(state: Path, witness: Witness) -> None:
    """Notes when each strategy's first target was left alone, and when it was asked in vain, as its requests say."""
    deadline = time.monotonic() + EVENTS_S
    while len(events := _events(state)) < len(witness.answers):
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{len(witness.answers)} requests, but {len(events)} events")
        time.sleep(0.05)
    for strategy in SETTINGS:
        own = [event for event in events if event.model == strategy]
        witness.open_spans[strategy] = list(_open_spans(own, witness.started_ms))
        vain_ms = [event.started_ms for event in own if FAILED in event.route]
        witness.vain_s[strategy] = [(at_ms - witness.started_ms) / 1e3 for at_ms in vain_ms]


def _open_spans(events: Sequence[Event], started_ms: float) -> Iterator[Span]:
    """What each request says that passed over the first target, until a later one is answered there after all."""
    closed_ms = inf
    for event in reversed(events):
        if event.provider == next(iter(PACES)):
            closed_ms = event.started_ms + event.first_byte_us / 1e3
        elif (found := OPEN.search(event.route)) is not None:
            until_ms = min(event.started_ms + float(found[1]) * 1e3, closed_ms)
            yield Span((event.started_ms - started_ms) / 1e3, (until_ms - started_ms) / 1e3)


def _events(state: Path) -> list[Event]:
    found: list[Event] = []
    for path in sorted((state / "events").glob("events-*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0]:  # else it is only just being made
                found += map(Event._make, database.execute(SELECT))
    return found


def _picture(strategy: str, witness: Witness) -> Picture:
    return Picture(
        strategy=strategy,
        note=SETTINGS[strategy].note,
        providers=tuple(PACES),
        answers=[answer for answer in witness.answers if answer.model == strategy],
        seconds=SECONDS,
        outage=OUTAGE,
        open_spans=witness.open_spans[strategy],
        vain_s=witness.vain_s[strategy],
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks outage", description=__doc__)
    add = parser.add_argument
    add("--strategies", type=names_of(SETTINGS), default=list(SETTINGS), help="comma-separated; default: all")
    add("--rate", type=positive, default=40, help="requests a second to each (default: %(default)s)")
    add("--pictures", type=Path, default=PICTURES, help="where they are written (default: %(default)s)")
    add("--seed", type=int, default=1, help="default: %(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
