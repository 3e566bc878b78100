"""``stellwerk audit``: verifies the audit log, or prints it as JSON lines."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stellwerk.audit.files import Head
    from stellwerk.audit.verify import Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("action", choices=("verify", "export"), help="judge the chain, or print its entries")
    parser.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")
    parser.add_argument("--directory", metavar="DIR", help="where the log is, instead of the configuration's state")
    parser.add_argument(
        "--expect", metavar="NUMBER:HASH", type=_head, help="verify: an entry that was written down elsewhere"
    )
    parser.add_argument(
        "--after", metavar="NUMBER", type=int, default=0, help="export: only entries with a larger number"
    )


def run(options: argparse.Namespace) -> int:
    """``verify`` gives 1 when the chain does not hold, ``export`` where it comes to a damaged entry."""
    from stellwerk.errors import StellwerkError

    directory = Path(options.directory) if options.directory else _directory(Path(options.config))
    try:
        return _export(directory, options.after) if options.action == "export" else _verify(directory, options)
    except OSError as error:
        raise StellwerkError(f"{directory}: {error.strerror}") from None


def _verify(directory: Path, options: argparse.Namespace) -> int:
    from stellwerk.audit.verify import verify

    verdict = verify(directory, expected=options.expect)
    if options.json:
        print(json.dumps({"ok": not verdict.findings, "directory": str(directory), **asdict(verdict)}))
    else:
        print(_text(directory, verdict))
    return 1 if verdict.findings else 0


def _text(directory: Path, verdict: Verdict) -> str:
    if not verdict.findings:
        last = f"; last one {verdict.head.number}:{verdict.head.hash}" if verdict.entries else ""
        return f"{directory}: {verdict.entries} entries, the chain holds{last}"
    lines = [f"{directory}: {verdict.entries} entries, the chain does not hold"]
    for finding in verdict.findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        lines.append(f"  {place}: {finding.reason}")
    return "\n".join(lines)


def _export(directory: Path, after: int) -> int:
    """One entry a line, with or without ``--json``."""
    from stellwerk.audit.chain import Damaged, canonical
    from stellwerk.audit.verify import entries

    try:
        for entry in entries(directory, after=after):
            print(canonical(entry).decode())
    except Damaged as error:
        print(f"stellwerk audit: {error}; see `stellwerk audit verify`", file=sys.stderr)
        return 1
    return 0


def _directory(config: Path) -> Path:
    """The log of an installation; no secret of its configuration is looked up."""
    from stellwerk.config.compile import compile_file

    return Path(compile_file(config, is_offline=True).state.directory, "audit")


def _head(text: str) -> Head:
    from stellwerk.audit.files import Head

    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise argparse.ArgumentTypeError("a number and a hash, as `stellwerk audit verify` prints them")
    return Head(int(number), digest)
