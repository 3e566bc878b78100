"""``stellwerk bench redteam``: puts attacks into disguises and counts which of them the checks still catch."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from stellwerk.core.subject import Speaker
from stellwerk.errors import ConfigurationError
from stellwerk.text.disguises import DISGUISES

if TYPE_CHECKING:
    from stellwerk.ports.guardrail import Guardrail
    from stellwerk.screening.redteam import Kept, Report

CONFIG = "stellwerk.toml"
DEFAULT_CHECK = "injection"

SUMMARY = "attacks in disguise: which of them the checks still catch"
DESCRIPTION = """Asks local checks about attacks, puts those that are caught into each of the disguises, and asks again.
The table says for each disguise how many are still caught, and how many ordinary prompts are flagged in it. Checks are
those named with --check, else those of the policy or configuration that look at requests, else injection. Nothing is
sent: checks that ask a service are left out, and named. The exit status is 1 where a check failed, or a floor or
ceiling that you gave is not kept."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the action takes."""
    add = parser.add_argument
    add("--attacks", type=Path, metavar="FILE", help="JSON lines with text, and label 0 for those that are harmless")
    add("--ordinary", type=Path, metavar="FILE", help="JSON lines with text: prompts that are harmless")
    add("--check", action="append", metavar="NAME[=OPTIONS]", help="a check, with its options as a JSON object")
    add("--config", default=None, metavar="FILE", help=f"whose guardrails to take (default: {CONFIG}, if there is one)")
    add("--policy", metavar="PACK", help="ask the checks of a policy pack, by name or as a file")
    add("--disguise", action="append", choices=tuple(DISGUISES), metavar="NAME", help="only this one; may be repeated")
    add("--speaker", choices=("user", "tool"), default="user", help="who says it (default: %(default)s)")
    add(
        "--sample",
        type=_count,
        default=2_000,
        metavar="N",
        help="at most so many texts of a kind (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="chooses other disguises and another sample (default: %(default)s)")
    add("--floor", type=_share, metavar="SHARE", help="fail where a disguise keeps less, such as 0.95")
    add("--ceiling", type=_share, metavar="SHARE", help="fail where more ordinary prompts are flagged, such as 0.05")
    add("--escaped", type=Path, metavar="FILE", help="write the attacks that were missed, as JSON lines")


def run(options: argparse.Namespace) -> int:
    """Measures and prints."""
    from stellwerk.cli.bench_texts import texts
    from stellwerk.screening.redteam import measure, sample

    checks, left_out = _checks(options)
    attacks, ordinary = texts(options.attacks, options.ordinary)
    report = measure(
        checks,
        sample(attacks, options.sample, options.seed),
        sample(ordinary, options.sample, options.seed),
        disguises=tuple(options.disguise or DISGUISES),
        speaker=Speaker(options.speaker),
        seed=options.seed,
        progress=_progress,
    )
    if options.escaped:
        _write(report, options.escaped, options.seed)
    worse = [each.disguise for each in report.disguises if _is_worse(each, options)]
    is_ok = not worse and not report.failures and bool(report.caught)
    if options.json:
        print(json.dumps({"ok": is_ok, "checks": list(checks), "left_out": left_out, **_document(report, worse)}))
    else:
        print("\n".join(_lines(report, list(checks), left_out, worse)))
    return 0 if is_ok else 1


def _checks(options: argparse.Namespace) -> tuple[dict[str, Guardrail], list[str]]:
    """Checks by name, and the names of those that ask a service."""
    from stellwerk.cli.scan import rules_of, rules_of_specs
    from stellwerk.core.snapshot import GuardrailSpec
    from stellwerk.core.subject import Side
    from stellwerk.ports.guardrail import Guardrail

    named = [_named(argument) for argument in options.check or ()]
    if not named and (options.config or options.policy or Path(CONFIG).exists()):
        rules, left_out = rules_of(options.config, options.policy, Side.INPUT)
    else:
        specs = [GuardrailSpec(name, name, given, {}) for name, given in named or [(DEFAULT_CHECK, {})]]
        rules, left_out = rules_of_specs(tuple(specs), Side.INPUT)
    checks = {rule.name: rule.check for rule in rules if isinstance(rule.check, Guardrail)}
    left_out += [rule.name for rule in rules if rule.name not in checks]
    if not checks:
        asking = f"; these ask a service: {', '.join(left_out)}" if left_out else ""
        raise ConfigurationError((f"no local check of requests is there to ask{asking}",))
    return checks, left_out


def _named(argument: str) -> tuple[str, dict[str, Any]]:
    name, _, given = argument.partition("=")
    try:
        return name, msgspec.json.decode(given or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigurationError((f"--check {name}: expected options as a JSON object: {error}",)) from error


def _is_worse(each: Kept, options: argparse.Namespace) -> bool:
    too_few = options.floor is not None and each.kept < options.floor
    return too_few or (options.ceiling is not None and each.flags > options.ceiling)


def _lines(report: Report, checks: list[str], left_out: list[str], worse: list[str]) -> list[str]:
    asked = f"checks     {', '.join(checks)}"
    if left_out:
        asked += f"; not asked: {', '.join(left_out)}"
    head = f"{'disguise':20} {'still caught':>13}         {'flagged':>13}"
    lines = [
        asked,
        f"attacks    {_of(report.caught, report.attacks)} caught plain",
        f"ordinary   {_of(report.flagged, report.ordinary)} flagged plain",
        "",
        head,
    ]
    lines += [
        f"{each.disguise:20} {_of(each.caught, each.attacks, 13)} {_of(each.flagged, each.ordinary, 13)}"
        f"{'   not good enough' if each.disguise in worse else ''}"
        for each in report.disguises
    ]
    if not report.caught:
        lines.append("no attack was caught plain, so that nothing is known of disguises")
    return lines + [f"failed: {reason}, {count} times" for reason, count in report.failures.items()]


def _of(part: int, whole: int, width: int = 0) -> str:
    share = f"{part / whole * 100:5.1f} %" if whole else "      -"
    return f"{f'{part:,} of {whole:,}':>{width}} {share}"


def _document(report: Report, worse: list[str]) -> dict[str, Any]:
    disguises = [
        {
            "disguise": each.disguise,
            "caught": each.caught,
            "kept": each.kept,
            "flagged": each.flagged,
            "flags": each.flags,
            "ok": each.disguise not in worse,
        }
        for each in report.disguises
    ]
    counts = {name: getattr(report, name) for name in ("attacks", "caught", "ordinary", "flagged")}
    return {**counts, "disguises": disguises, "failures": dict(report.failures)}


def _write(report: Report, path: Path, seed: int) -> None:
    rows: list[dict[str, str]] = [{"disguise": "", "text": text, "plain": text} for text in report.missed]
    rows += [
        {"disguise": each.disguise, "text": DISGUISES[each.disguise](text, seed), "plain": text}
        for each in report.disguises
        for text in each.escaped
    ]
    try:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: cannot be written: {reason}",)) from error


def _progress(done: int, steps: int) -> None:
    if sys.stderr.isatty():
        end = "\r\x1b[K" if done == steps else ""
        sys.stderr.write(end or f"\rasking, {done} of {steps}")
        sys.stderr.flush()


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return value
