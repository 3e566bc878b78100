"""How long a caller waits for an answer that is found again, and what that takes of memory: over sockets.

`python -m benchmarks recalling [--questions N] [--entries N]`. One gateway keeps nothing and one finds by meaning; each
is asked the same questions, then the same again (`exact`), in other letters (`normalized`) and in other words
(`semantic`), one after another on one connection. Times are those of the caller, who does nothing else; memory is
proportional set size, where the index has further entries with vectors that are made up.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.failures import BenchmarkError
from benchmarks.machine import this_machine
from benchmarks.options import positive
from benchmarks.ports import LOOPBACK_ADDRESS
from benchmarks.process import end_on_sigterm, memory_by_module
from benchmarks.simulated import KEY, Stage, simulated
from benchmarks.vectors import filling
from stellwerk.core.job import VERSION
from stellwerk.core.recollection import REMEMBER, Embedding
from stellwerk.gateway.computing import ComputeLine
from stellwerk.ports.compute import JobFailure, Outcome
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.private_directory import for_jobs

MODELS = """
[[models]]
name = "faq"
targets = [{ provider = "here", model = "faq" }]
"""
CACHE = '\n[cache]\nexact = true\nsemantic = true\naudit_share = 0.0\nscope = "key"\nbackend = "sqlite"\n'
PATIENCE_S = 30.0
WAYS: dict[str, tuple[Callable[[str], str], ...]] = {
    "for the first time": (str,),
    "as before": (str, str, str),
    "in other letters": (str.upper,),
    "in other words": (
        lambda text: f"Please, {text[0].lower()}{text[1:-1]}",
        lambda text: text.replace("How do I", "How can I"),
        lambda text: f"Hello, {text[0].lower()}{text[1:]}",
        lambda text: text.replace("How do I", "Please, how could I"),
        lambda text: f"{text[:-1]} please?",
    ),
}
VERBS = ("reset", "cancel", "renew", "rename", "export", "share", "lock", "archive", "print", "sort", "merge", "delete")
THINGS = ("password", "subscription", "invoice", "calendar", "mailbox", "folder", "report", "ticket", "contract")
PLACES = ("shop", "office", "station", "library", "museum", "garage", "harbour", "airport", "hotel", "warehouse")
KINDS = ("old", "shared", "weekly", "private", "second", "hidden", "German", "annual", "empty")


class Times:
    """Milliseconds that a caller waited, by what the answer says of the cache."""

    def __init__(self) -> None:
        self.by_outcome: dict[str, list[float]] = defaultdict(list)

    def table(self, name: str) -> Iterator[str]:
        """Rows, one for each outcome."""
        for outcome, waited in sorted(self.by_outcome.items()):
            waited.sort()
            p50, p99 = waited[len(waited) // 2], waited[int(len(waited) * 0.99)]
            yield f"| {name} | {outcome or 'without a cache'} | {len(waited)} | {p50:.2f} | {p99:.2f} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 2 when nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks recalling")
    parser.add_argument("--questions", type=positive, default=108)
    parser.add_argument("--entries", type=int, default=100_000, help="in the index (default: %(default)s)")
    options = parser.parse_args(arguments)
    end_on_sigterm()
    questions = list(islice(_questions(), options.questions))
    print(f"{this_machine().line()}\n")
    try:
        plain = _measured(questions, "", 0)
        cached = _measured(questions, CACHE, options.entries)
    except BenchmarkError as error:
        print(f"# {error}", file=sys.stderr)
        return 2
    print("| asked | outcome | requests | p50 ms | p99 ms |\n| --- | --- | --: | --: | --: |")
    for name, times in (*plain[0].items(), *cached[0].items()):
        print("\n".join(times.table(name)))
    print("\n| process | nothing kept, MB | all kept, MB | more |\n| --- | --: | --: | --: |")
    for role in sorted(cached[1]):
        before, after = plain[1].get(role, 0.0), cached[1][role]
        print(f"| {role} | {before:.1f} | {after:.1f} | {after - before:.1f} |")
    return 0


def _questions() -> Iterator[str]:
    """Few are alike at first, and ever more later on."""
    turns = product(range(len(PLACES)), range(len(KINDS)), enumerate(THINGS), enumerate(VERBS))
    for more, further, (number, thing), (other, verb) in turns:
        place = PLACES[(number + other + more) % len(PLACES)]
        kind = KINDS[(number * 2 + other + further) % len(KINDS)]
        yield f"How do I {verb} the {kind} {thing} of the {place}?"


def _measured(questions: Sequence[str], cache: str, entries: int) -> tuple[dict[str, Times], dict[str, float]]:
    """Times by how it was asked, and the memory of each process."""
    scenario = Scenario(seed=1, providers=(SimulatedProvider(name="here", answer_tokens=200),))
    with (
        TemporaryDirectory(prefix="stellwerk-bench-") as directory,
        simulated(scenario, cache + MODELS, Path(directory)) as stage,
    ):
        caller = _Caller(stage)
        if cache:
            caller.until_found_by_meaning()
        times = {}
        for name, ways in WAYS.items():
            times[name] = caller.ask_all([way(question) for way in ways for question in questions])
            time.sleep(1.0)  # what is put off is done
        if entries:
            asyncio.run(_fill(stage.state, entries))
        return times, memory_by_module(os.getpid())


async def _fill(state: Path, entries: int) -> None:
    """Has the host's compute process remember entries of a scope that nobody asks."""
    loop = asyncio.get_running_loop()
    line = ComputeLine(for_jobs(state, VERSION), loop, Log(io.StringIO()))
    line.open()
    while not line.is_open:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0.001)
    for payload in filling(Embedding("minilm", {}), bytes(16), entries, 384):
        told: asyncio.Future[Outcome] = loop.create_future()
        line.ask(REMEMBER, payload, PATIENCE_S, told.set_result)
        if isinstance(outcome := await told, JobFailure):
            raise BenchmarkError(f"the compute process remembers nothing: {outcome.reason}")
    line.close()
    await asyncio.sleep(0)


class _Caller:
    def __init__(self, stage: Stage) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK_ADDRESS, stage.port)

    def until_found_by_meaning(self) -> None:
        """The embedder is loaded by the first question, which nobody waits for."""
        deadline = time.monotonic() + PATIENCE_S
        waiting = iter(_questions())
        while time.monotonic() < deadline:
            question = f"{next(waiting)} "
            self.ask(question)
            time.sleep(0.2)
            if self.ask(f"Please, {question}")[0] == "semantic":
                return
        raise BenchmarkError("nothing was found by its meaning")

    def ask_all(self, texts: Sequence[str]) -> Times:
        """One after another."""
        times = Times()
        for text in texts:
            outcome, waited_ms = self.ask(text)
            times.by_outcome[outcome].append(waited_ms)
        return times

    def ask(self, text: str) -> tuple[str, float]:
        """The outcome, and milliseconds."""
        body = json.dumps({"model": "faq", "messages": [{"role": "user", "content": text}]})
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        began = time.perf_counter()
        self._connection.request("POST", "/v1/chat/completions", body, headers)
        answer = self._connection.getresponse()
        answer.read()
        waited_ms = (time.perf_counter() - began) * 1_000
        if answer.status != http.HTTPStatus.OK:
            raise BenchmarkError(f"the gateway answered {answer.status}")
        return answer.headers["x-stellwerk-cache"] or "", waited_ms
