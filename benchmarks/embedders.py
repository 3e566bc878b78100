"""Measures embedders and the index of vectors: time, memory, what they find, and how well they tell texts apart.

`python -m benchmarks embedders [NAME …] [--pairs PAIRS.jsonl] [--similar SIMILAR.jsonl] [--entries 100000]`. A line of
the first file has two texts `a` and `b` and a `label`, 1 where they mean the same; one of the second has a `score`
that people gave instead. Times are those of the jobs of a compute process, over its socket.
"""

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import this_machine
from benchmarks.vectors import SENTENCE, filling, made_up, packed, whole
from stellwerk import plugins
from stellwerk.compute.index.lists import Lists
from stellwerk.compute.pool import Pool
from stellwerk.compute.process import bind, share_a_heap
from stellwerk.compute.server import Server
from stellwerk.core.recollection import RECALL, REMEMBER, Embedding, Recall, Remember, written
from stellwerk.gateway.computing import ComputeLine
from stellwerk.ports.compute import JobFailure, Outcome
from stellwerk.ports.embedder import Embedder
from stellwerk.supervisor.log import Log

LOCAL = ("minilm", "multilingual")
WORDS = SENTENCE.split()
SIZES = {20: 15, 100: 90, 400: 370}
"""Tokens, and about as many words of those above."""
SCOPE = b"one scope for all"[:16]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks embedders", description=__doc__)
    parser.add_argument("names", nargs="*", default=LOCAL, help="default: the local ones")
    parser.add_argument("--pairs", type=Path, help="texts that mean the same or not")
    parser.add_argument("--similar", type=Path, action="append", default=[], help="texts with a score; may be repeated")
    parser.add_argument("--entries", type=int, default=100_000, help="in the index (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=300, help="of each size (default: %(default)s)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    print(f"{this_machine().line()}\n")
    for name in options.names:
        print(f"## {name}\n")
        _over_the_socket(name, options.entries, options.jobs)
        _quality(name, options.pairs, options.similar)
    return 0


# -- the jobs


def _over_the_socket(name: str, entries: int, jobs: int) -> None:
    spawning = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path, ready = Path(folder, "compute"), spawning.Event()
        process = spawning.Process(target=_serve, args=(path, ready), daemon=True)
        process.start()
        ready.wait()
        try:
            asyncio.run(_measure(path, process.pid or 0, name, entries, jobs))
        finally:
            process.kill()
            process.join()


def _serve(path: Path, ready: Event) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = Server(Pool(1), loop, lambda: None)
        await loop.create_unix_server(server.asker, sock=bind(path))
        ready.set()
        await loop.create_future()

    os.nice(5)
    share_a_heap()
    asyncio.run(serve())


class _Asked:
    """A compute process: what it is asked, what it answers, and what it uses."""

    def __init__(self, line: ComputeLine, pid: int) -> None:
        self._line = line
        self._pid = pid

    async def ask(self, job: str, payload: bytes) -> bytes:
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._line.ask(job, payload, 600.0, told.set_result)
        if isinstance(outcome := await told, JobFailure):
            raise SystemExit(f"the job failed: {outcome.reason}")
        return outcome

    def cpu_s(self) -> float:
        """Of all its threads."""
        return (
            sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{self._pid}/task").glob("*/schedstat")) / 1e9
        )

    def memory(self) -> str:
        """Resident, and what of it is no file."""
        lines = Path(f"/proc/{self._pid}/smaps_rollup").read_text().splitlines()
        found = {name: int(rest.split()[0]) / 1e3 for name, _, rest in (line.partition(":") for line in lines[1:])}
        return f"{found['Rss']:.0f} MB resident, {found['Anonymous']:.0f} MB of it its own"

    async def timed(self, payloads: Sequence[bytes]) -> str:
        """A row of a table: processor time and time for each, in milliseconds."""
        before_s, took_ms = self.cpu_s(), []
        for payload in payloads:
            began_s = time.perf_counter()
            await self.ask(RECALL, payload)
            took_ms.append((time.perf_counter() - began_s) * 1e3)
        cpu_ms = (self.cpu_s() - before_s) * 1e3 / len(payloads)
        return f"{cpu_ms:.2f} | {median(took_ms):.2f} | {quantiles(took_ms, n=100)[98]:.2f} |"


async def _measure(path: Path, pid: int, name: str, entries: int, jobs: int) -> None:
    line = ComputeLine(path, asyncio.get_running_loop(), Log(io.StringIO()))
    line.open()
    while not line.is_open:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0.001)
    process, use = _Asked(line, pid), Embedding(name, {})
    print(f"process alone: {process.memory()}")
    began_s = time.perf_counter()
    await process.ask(REMEMBER, written(Remember(use)))
    print(f"loaded in {time.perf_counter() - began_s:.2f} s: {process.memory()}\n")
    print("| text | CPU ms | median ms | p99 ms |\n| --- | --: | --: | --: |")
    for tokens, words in SIZES.items():
        texts = [" ".join((str(number), *(WORDS * 20)[number % 20 : number % 20 + words])) for number in range(jobs)]
        await process.ask(RECALL, written(Recall(use, SCOPE, texts.pop())))
        print(f"| {tokens} tokens | {await process.timed([written(Recall(use, SCOPE, text)) for text in texts])}")
    dimensions = _built(name).dimensions
    before_s = process.cpu_s()
    for payload in filling(use, SCOPE, entries, dimensions):
        await process.ask(REMEMBER, payload)
    adding_us = (process.cpu_s() - before_s) * 1e6 / max(1, entries)
    asked = [written(Recall(use, SCOPE, "x", 8, packed(each))) for each in made_up(jobs, dimensions, 1)]
    print(f"| a vector, among {entries:,} entries | {await process.timed(asked)}")
    texts = [f"{number} {' '.join(WORDS[:14])}" for number in range(jobs)]
    asked = [written(Recall(use, SCOPE, text)) for text in texts]
    print(f"| 20 tokens, among {entries:,} entries | {await process.timed(asked)}")
    print(f"\n{entries:,} entries of 60 letters, {adding_us:.0f} µs CPU each: {process.memory()}\n")
    line.close()
    await asyncio.sleep(0)


# -- what they are worth


def _quality(name: str, pairs: Path | None, similar: Sequence[Path]) -> None:
    embedder = _built(name)
    if pairs is not None:
        rows = _rows(pairs)
        one, other = (_embedded(embedder, [row[side] for row in rows]) for side in "ab")
        cosines, labels = (one * other).sum(axis=1), np.array([row["label"] for row in rows])
        print(f"{pairs.name}: {len(rows):,} pairs, area under the curve {_area(cosines, labels):.3f}")
        _found_again(whole(one), whole(other))
    for path in similar:
        rows = _rows(path)
        one, other = (_embedded(embedder, [row[side] for row in rows]) for side in "ab")
        scores = np.array([row["score"] for row in rows])
        print(
            f"{path.name}: {len(rows):,} pairs, rank correlation {_correlation((one * other).sum(axis=1), scores):.3f}"
        )
    print()


def _found_again(held: NDArray[np.int8], asked: NDArray[np.int8]) -> None:
    """How often the index finds the closest of the first texts to one of the second, against comparing all."""
    held = np.unique(held, axis=0)
    directions = held.astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    index = Lists(held.shape[1])
    for label, vector in enumerate(held[np.random.default_rng(0).permutation(len(held))]):
        index.add(label, vector, b"")
    found = []
    for vector in asked[:2_000]:
        unit = vector.astype(np.float32)
        best = float((directions @ (unit / np.linalg.norm(unit))).max())
        found.append((best, index.search(vector, 1)[0][1] > best - 1e-4))
    for least in (-1.0, 0.8, 0.9):
        hits = [is_found for best, is_found in found if best >= least]
        what = f"with a cosine of {least} and more" if least > 0 else "whatever its cosine"
        print(f"  the closest of {len(held):,}, {what}: found for {np.mean(hits):.2%} of {len(hits):,}")


def _built(name: str) -> Embedder:
    built = plugins.build("embedders", name, {})
    if not isinstance(built, Embedder):
        raise SystemExit(f"{name} asks a service: it is not measured here")
    return built


def _embedded(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    return embedder.embed(texts)


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _area(scores: NDArray[np.float32], labels: NDArray[np.int_]) -> float:
    """How often a pair that means the same has the higher score of two."""
    ranks = _ranks(scores)
    positive = int(labels.sum())
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(labels) - positive)))


def _correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Of the ranks."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """From one; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return ranks


if __name__ == "__main__":
    sys.exit(main())
