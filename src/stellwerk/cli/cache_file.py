"""``stellwerk cache replay``: replays traffic from a file against the semantic cache, cold."""

from __future__ import annotations

import argparse
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.cli.json_lines import MOST_PROBLEMS, rows
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.cli.cache_replay import Replay
    from stellwerk.ports.embedder import Embedder

SUMMARY = "replays traffic from a file against the semantic cache, cold"
DESCRIPTION = (
    "A line of the input has id, text, answer, and scope where there are several. A line of the output has id, "
    "outcome (exact, normalized, semantic, miss), answered_by (the id whose answer was served), score and "
    "micros. The answer is what a fresh call would return: stored on a miss, seen by audits, never by the decision on "
    "its own line."
)
EMBEDDERS = ("minilm", "multilingual")
_TIERS = ("exact", "normalized", "semantic", "miss")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--input", type=Path, required=True, metavar="IN.jsonl", help="the requests, in their order")
    add("--output", type=Path, required=True, metavar="OUT.jsonl", help="the file to write")
    add("--embedder", choices=EMBEDDERS, default=EMBEDDERS[0], help="what places texts (default: %(default)s)")
    add(
        "--max-error-rate",
        type=float,
        default=0.01,
        metavar="RATE",
        help="wrong answers allowed (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="of the audits' coins (default: %(default)s)")
    add("--explain", action="store_true", help="write with each line why it was decided so")


def run(options: argparse.Namespace) -> int:
    """Writes a line for each request, then prints how many came to what."""
    from stellwerk.cli.cache_replay import Replay

    if not 0.0 < options.max_error_rate < 1.0:
        raise ConfigurationError(
            (f"--max-error-rate: expected a share between 0 and 1, found {options.max_error_rate}",)
        )
    coins = random.Random(options.seed)  # noqa: S311  # so that a replay can be repeated
    replay = Replay(embedder(options.embedder), options.max_error_rate, coins.random)
    counts: Counter[str] = Counter()
    micros: list[int] = []
    draft = options.output.with_name(f".{options.output.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as output:
            for line in _lines(options, replay, counts, micros):
                output.write(line)
        draft.replace(options.output)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{options.output}: the results cannot be written: {reason}",)) from error
    finally:
        draft.unlink(missing_ok=True)
    _report(options, replay, counts, micros)
    return 0


def embedder(name: str) -> Embedder:
    """An embedder that runs in the process. Raises ``ConfigurationError`` where its extra is not installed."""
    from stellwerk import plugins
    from stellwerk.ports.embedder import Embedder

    try:
        built = plugins.build("embedders", name, {})
    except ModuleNotFoundError as error:
        raise ConfigurationError((f"embedder {name}: {error}",)) from error
    if not isinstance(built, Embedder):
        raise ConfigurationError((f"embedder {name} asks a service, and nothing is sent anywhere here",))
    return built


def _lines(options: argparse.Namespace, replay: Replay, counts: Counter[str], micros: list[int]) -> Iterator[bytes]:
    from stellwerk.semantic.decision import explained

    for row in rows(options.input, _row, "replaying", "requests"):
        outcome = replay.ask(str(row["id"]), row["text"], row["answer"], str(row.get("scope") or ""))
        counts[outcome.tier] += 1
        micros.append(outcome.micros)
        written: dict[str, Any] = {
            "id": row["id"],
            "outcome": outcome.tier,
            "answered_by": outcome.answered_by,
            "score": round(outcome.score, 6),
            "micros": outcome.micros,
        }
        if options.explain and outcome.decision is not None:
            written["why"] = explained(outcome.decision)
        yield json.dumps(written, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def _row(line: bytes) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("expected an object with a text")  # noqa: TRY004  # the file's fault
    answer = row.get("answer")
    if answer is None:
        raise ValueError("expected an answer")
    return {**row, "answer": answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True)}


def _report(options: argparse.Namespace, replay: Replay, counts: Counter[str], micros: list[int]) -> None:
    times = sorted(micros) or [0]
    p50, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
    told = {tier: counts[tier] for tier in _TIERS}
    scopes = replay.explained()
    if options.json:
        summary = {"lines": len(micros), **told, "micros_p50": p50, "micros_p99": p99, "scopes": scopes}
        print(json.dumps({"ok": True, "output": str(options.output), **summary}))
        return
    print(f"{len(micros):,} requests: {', '.join(f'{count:,} {tier}' for tier, count in told.items())}")
    print(f"time to decide: half within {p50:,} µs, 99 % within {p99:,} µs")
    for name, learned in list(scopes.items())[:MOST_PROBLEMS]:
        print(
            f"scope {name or '-'}: {learned['status']}, threshold {learned['threshold']}, estimated error "
            f"{learned['estimated_error']}, {learned['labels']:,} labels, {learned['audits']} audits "
            f"({learned['audits_wrong']} wrong)"
        )
    print(f"{options.output}: written")
