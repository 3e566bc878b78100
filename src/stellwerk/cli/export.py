"""``stellwerk export``: writes organizations, teams, users, keys, limits and budgets as a file, without any secret."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from stellwerk.cli.admin_client import AdminClient, options_of
from stellwerk.errors import StellwerkError

KINDS = ("organizations", "teams", "users", "keys", "limits", "budgets")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument(
        "--kind", action="append", choices=KINDS, dest="kinds", metavar="KIND", help="only this one; may be repeated"
    )


def run(options: argparse.Namespace) -> int:
    """Reads everything that the token reaches."""
    from stellwerk.cli.control_data import Installation
    from stellwerk.transfer import control_file

    kinds = options.kinds or KINDS
    data = Installation(AdminClient(options)).data
    data = {kind: entries if kind in kinds else {} for kind, entries in data.items()}
    text = control_file.written(data, kinds)
    if options.output is not None:
        try:
            options.output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StellwerkError(f"{options.output}: {(error.strerror or 'cannot be written').lower()}") from None
    if options.json:
        counts = {kind: len(data[kind]) for kind in kinds}
        output = str(options.output) if options.output is not None else None
        print(json.dumps({"ok": True, "output": output, "toml": text, "counts": counts}))
    elif options.output is None:
        print(text, end="")
    else:
        print(f"{options.output}: " + ", ".join(f"{len(data[kind])} {kind}" for kind in kinds))
    return 0
