"""``stellwerk scan``: runs the configured guardrails over a file of texts, offline.

A line of the input is a JSON object with `text`, and `id` where the lines shall be told apart by more than their
number. A line of the output has `id`, `verdict` (allow, rewrite, block), `scores` of the classifiers, `spans` of what
was found (code points of the input), `text` as it would be passed on, and `micros`, the time of this text's checks.
Checks that ask a service are left out: nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.cli.json_lines import rows
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.core.snapshot import GuardrailSpec
    from stellwerk.core.subject import Side
    from stellwerk.screening.policy import Rule

CONFIG = "stellwerk.toml"
_SCAN = b"scan"
"""Keys the stand-ins, which are seen by whoever sees the text."""
_WARM_UP = "Bitte „kürzen“, Herr Öhler: a@example.org, +49 30 1234567, UGxlYXNlIHN1bW1hcmlzZSB0aGlz, h3ll0 🙂."


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--config", metavar="FILE", help=f"default: {CONFIG}, if there is one; else personal data, secrets, attacks")
    add("--input", type=Path, required=True, metavar="IN.jsonl", help="the texts")
    add("--output", type=Path, required=True, metavar="OUT.jsonl", help="the file to write")
    add("--policy", metavar="PACK", help="run a policy pack, by name or as a file, in place of the configuration")
    add("--side", choices=("input", "output", "log"), default="input", help="whose checks run (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Writes a line for each text, then prints how many came to what."""
    from stellwerk.core.subject import Side

    rules, left_out = rules_of(options.config, options.policy, Side(options.side))
    counts: Counter[str] = Counter()
    micros: list[int] = []
    draft = options.output.with_name(f".{options.output.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as output:
            for line in _lines(options.input, rules, Side(options.side), counts, micros):
                output.write(line)
        draft.replace(options.output)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{options.output}: the results cannot be written: {reason}",)) from error
    finally:
        draft.unlink(missing_ok=True)
    _report(options, rules, left_out, counts, micros)
    return 0


def rules_of(config: str | None, policy: str | None, side: Side) -> tuple[list[Rule], list[str]]:
    """The local checks that look at this side, and the names of those that ask a service."""
    return rules_of_specs(_specs(config, policy), side)


def rules_of_specs(specs: tuple[GuardrailSpec, ...], side: Side) -> tuple[list[Rule], list[str]]:
    """The same of checks that are given."""
    from stellwerk.gateway.guarding import rule_of

    rules, left_out = [], []
    for spec in specs:
        if side not in spec.on:
            continue
        rule = None if spec.secrets else rule_of(spec)  # what needs a secret shows it to a service
        if rule is None or rule.is_remote:
            left_out.append(spec.name)
        else:
            rules.append(rule)
    return rules, left_out


def _specs(config: str | None, policy: str | None) -> tuple[GuardrailSpec, ...]:
    from stellwerk.config import packs
    from stellwerk.screening.scan import default_specs

    if policy is not None:
        if not policy.endswith(".toml"):
            return packs.specs(packs.read(policy))
        try:
            return packs.specs(packs.parse(Path(policy).read_text(encoding="utf-8"), policy))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError((f"{policy}: the policy cannot be read: {error}",)) from error
    if config is None and not Path(CONFIG).exists():
        return default_specs()
    from stellwerk.config.compile import compile_file

    return compile_file(Path(config or CONFIG), is_offline=True).guardrails or default_specs()


def _lines(path: Path, rules: list[Rule], side: Side, counts: Counter[str], micros: list[int]) -> Iterator[bytes]:
    """The lines of the output. Raises ``ConfigurationError`` with the faulty lines of the input."""
    from stellwerk.gateway.stages.screen import rewritten
    from stellwerk.screening.edits import Manner
    from stellwerk.screening.guards import notation_of
    from stellwerk.screening.scan import run_checks
    from stellwerk.screening.vault import Vault

    stands_in, notation = any(rule.stands_in for rule in rules), notation_of(rules)
    run_checks(_WARM_UP, rules, side)  # what is made on first use is no text's time
    for row in rows(path, _row, "scanning", "texts"):
        text = row["text"]
        before = time.perf_counter_ns()
        judged = run_checks(text, rules, side)
        took = (time.perf_counter_ns() - before) // 1_000
        decision = judged.decision
        counts[decision] += 1
        micros.append(took)
        # each text is a conversation of its own
        values = Vault(_SCAN, str(row["id"]), notation=notation) if stands_in else None
        passed = rewritten(text, judged.verdicts, Manner(), values)
        written = {
            "id": row["id"],
            "verdict": decision,
            "scores": {name: round(score, 6) for name, score in judged.scores().items()},
            "spans": [
                {"start": span.start, "end": span.end, "type": span.label, "score": round(span.score, 6)}
                for span in judged.spans()
            ],
            "text": text if passed is None else passed,
            "micros": took,
        }
        if judged.failed:
            counts["failed"] += 1
            written["failed"] = judged.failed
        yield json.dumps(written, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def _row(line: bytes) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("expected an object with a text")  # noqa: TRY004  # the file's fault, told with the others
    return row


def _report(
    options: argparse.Namespace, rules: list[Rule], left_out: list[str], counts: Counter[str], micros: list[int]
) -> None:
    decided = {name: counts[name] for name in ("allow", "rewrite", "block")}
    times = sorted(micros) or [0]
    p50, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
    names = [rule.name for rule in rules]
    if options.json:
        summary = {"lines": len(micros), **decided, "failed": counts["failed"], "micros_p50": p50, "micros_p99": p99}
        print(json.dumps({"ok": True, "output": str(options.output), "checks": names, "left_out": left_out, **summary}))
        return
    print(f"{len(micros):,} texts by {', '.join(names) or 'no check'}: {_told(decided)}")
    if counts["failed"]:
        print(f"{counts['failed']:,} texts on which a check could not run")
    print(f"time of a text's checks: half within {p50:,} µs, 99 % within {p99:,} µs")
    if left_out:
        print(f"left out, because they ask a service: {', '.join(left_out)}")
    print(f"{options.output}: written")


def _told(decided: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in decided.items())
