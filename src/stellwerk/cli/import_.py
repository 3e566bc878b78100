"""``stellwerk import``: makes a configuration out of one of LiteLLM or Portkey, and says what could not come along."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.errors import StellwerkError

if TYPE_CHECKING:
    from stellwerk.transfer.draft import Draft
    from stellwerk.transfer.findings import Note

WHOLE = "(the file)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    sources = parser.add_subparsers(dest="source", required=True, metavar="SOURCE")
    litellm = sources.add_parser("litellm", help="a configuration of the LiteLLM proxy", allow_abbrev=False)
    portkey = sources.add_parser("portkey", help="a configuration of the Portkey gateway", allow_abbrev=False)
    for source in (litellm, portkey):
        source.add_argument("file", type=Path, metavar="FILE", help="YAML, or JSON where its name ends in .json")
        source.add_argument("--output", type=Path, metavar="FILE", help="where to write (default: standard output)")
        source.add_argument("--force", action="store_true", help="write over a file that is there")
        source.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
    portkey.add_argument(
        "--model", action="append", default=[], dest="models", metavar="NAME", help="callers ask for it; repeatable"
    )


def run(options: argparse.Namespace) -> int:
    """Writes the configuration and tells what became of the source; 1 where the result needs a hand to be valid."""
    if options.output is not None and options.output.exists() and not options.force:
        raise StellwerkError(f"{options.output} is there already; say --force to write over it")
    draft = _draft(options)
    text = draft.text(options.source)
    problems = _problems(text)
    if options.output is not None:
        _write(options.output, text)
    if options.json:
        print(json.dumps(_document(options, draft, text, problems)))
        return 1 if problems else 0
    if options.output is None:
        print(text, end="")
    _tell(draft, problems, sys.stdout if options.output is not None else sys.stderr)
    if options.output is not None:
        print(f"{options.output}: written")
    return 1 if problems else 0


def _draft(options: argparse.Namespace) -> Draft:
    from stellwerk.transfer import documents, litellm, portkey
    from stellwerk.transfer.findings import Findings

    document = documents.load(options.file)
    if options.source == "litellm":
        return litellm.convert(document, Findings())
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", options.file.stem).strip("-.") or "default"
    return portkey.convert(document, Findings(), options.models, stem)


def _problems(text: str) -> list[str]:
    """What ``stellwerk check`` has against it, apart from secrets that are not set yet."""
    from stellwerk.config.load import examine

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stellwerk.toml")
        path.write_text(text, encoding="utf-8")
        return [problem.render("stellwerk.toml") for problem in examine(path, is_offline=True).problems]


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StellwerkError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None


def _document(options: argparse.Namespace, draft: Draft, text: str, problems: list[str]) -> dict[str, Any]:
    found = draft.findings
    return {
        "ok": not problems,
        "output": str(options.output) if options.output is not None else None,
        "toml": text,
        "problems": problems,
        "variables": found.variables,
        "carried": [_pair(note) for note in found.carried],
        "changed": [_pair(note) for note in found.changed],
        "lost": [_pair(note) for note in found.lost],
    }


def _pair(note: Note) -> dict[str, str]:
    return {"path": note.path, "text": note.text}


def _tell(draft: Draft, problems: list[str], where: Any) -> None:
    found = draft.findings
    for title, notes in (
        ("Carried over", found.carried),
        ("Changed in meaning", found.changed),
        ("Not carried over", found.lost),
    ):
        if notes:
            print(f"{title}:", *(f"  {note.path or WHOLE}: {note.text}" for note in notes), "", sep="\n", file=where)
    if found.variables:
        lines = [f"  {name}: {purpose}" for name, purpose in found.variables.items()]
        print("Set these environment variables:", *lines, "", sep="\n", file=where)
    if problems:
        print("To be put right by hand:", *(f"  {problem}" for problem in problems), "", sep="\n", file=where)
