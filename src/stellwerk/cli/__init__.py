"""The command line: one file per command. Exit status 0 means done, 1 failed, 2 wrong use."""

from __future__ import annotations

import argparse
import importlib
import json
import keyword
import sys
from collections.abc import Sequence
from types import ModuleType

from stellwerk import __version__
from stellwerk.errors import ConfigurationError, StellwerkError

COMMANDS = (
    "up",
    "check",
    "simulate",
    "demo",
    "health",
    "models",
    "events",
    "savings",
    "egress",
    "keys",
    "budgets",
    "alerts",
    "audit",
    "export",
    "apply",
    "import",
    "bench",
    "cache",
    "scan",
    "optimize",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="stellwerk", description="One gateway for every call to a language model.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"stellwerk {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: module_of(name) for name in COMMANDS}
    for name, module in modules.items():
        _add(commands, name, module)
    arguments = parser.parse_args(argv)
    try:
        status: int = modules[arguments.command].run(arguments)
    except ConfigurationError as error:
        return _failed(error.problems, is_json=arguments.json)
    except StellwerkError as error:
        return _failed((f"stellwerk {arguments.command}: {error.message}",), is_json=arguments.json)
    except KeyboardInterrupt:
        return 130
    return status


def module_of(command: str) -> ModuleType:
    """The module of a command; one that Python keeps the word of for itself has an underscore behind it."""
    return importlib.import_module(f"stellwerk.cli.{command}{'_' if keyword.iskeyword(command) else ''}")


def _failed(problems: Sequence[str], *, is_json: bool) -> int:
    if is_json:
        print(json.dumps({"ok": False, "problems": list(problems)}))
    for problem in () if is_json else problems:
        print(problem, file=sys.stderr)
    return 1


def _add(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: ModuleType) -> None:
    """A command's module says in its docstring what it does and in ``arguments`` what it takes."""
    summary = (module.__doc__ or "").partition(":")[2].strip().splitlines()[0]
    command = commands.add_parser(name, help=summary, description=module.__doc__, allow_abbrev=False)
    command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    module.arguments(command)
