"""``stellwerk apply``: makes the control data of an installation what a file says, or tells what that would take."""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from stellwerk.cli.admin_client import AdminClient, Unanswered, options_of
from stellwerk.errors import StellwerkError

if TYPE_CHECKING:
    from stellwerk.cli.control_data import Installation
    from stellwerk.transfer.difference import Plan, Step

OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="as `stellwerk export` writes it")
    parser.add_argument("--plan", action="store_true", help="only tell what differs")
    parser.add_argument(
        "--keys-to",
        type=Path,
        metavar="FILE",
        help="append keys that are made to this file, a JSON object a line, instead of printing them",
    )


def run(options: argparse.Namespace) -> int:
    """1 when something stands in the way, or a step failed; running it again goes on where it ended."""
    from stellwerk.cli.control_data import Installation
    from stellwerk.transfer import control_file
    from stellwerk.transfer.difference import difference

    want, owns = control_file.read(options.file)
    client = AdminClient(options)
    installation = Installation(client)
    plan = difference(installation.data, want, owns)
    covered = sorted(client.configured & _named(plan))
    if options.plan or plan.conflicts:
        return _tell(plan, covered, options)
    with ExitStack() as stack:
        keys = stack.enter_context(_keys_file(options.keys_to)) if options.keys_to is not None else None
        outcome = _Outcome(plan, is_json=options.json)
        outcome.carry_out(installation, keys)
    return outcome.tell(covered)


def _named(plan: Plan) -> set[str]:
    """Scopes and keys that the plan makes or changes, as the configuration would name them."""
    from stellwerk.transfer.control_data import ALLOWANCES, singular

    return {
        step.name if step.kind in ALLOWANCES else f"{singular(step.kind)}:{step.name}"
        for step in plan.steps
        if step.action != "delete"
    }


def _keys_file(path: Path) -> IO[str]:
    """Open before anything is made: a key that nobody can write down would be lost."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StellwerkError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    if os.fstat(descriptor).st_mode & OTHERS_MAY:
        os.close(descriptor)
        raise StellwerkError(f"{path}: others may read it; give it the mode 0600")
    return open(descriptor, "a", encoding="utf-8")  # noqa: PTH123  # an open descriptor, not a path


def _tell(plan: Plan, covered: list[str], options: argparse.Namespace) -> int:
    if options.json:
        document = {"ok": not plan.conflicts, "steps": [_written(step) for step in plan.steps]}
        print(json.dumps({**document, "conflicts": plan.conflicts, "covered": covered}))
        return 1 if plan.conflicts else 0
    for step in plan.steps if options.plan else ():
        print(step.line)
    _warn(covered)
    for conflict in plan.conflicts:
        print(f"conflict: {conflict}", file=sys.stderr)
    if not plan.steps and not plan.conflicts:
        print("nothing to change")
    return 1 if plan.conflicts else 0


def _warn(covered: list[str]) -> None:
    for name in covered:
        print(f"warning: {name} stands in the configuration file, which goes before", file=sys.stderr)


def _written(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "kind": step.kind,
        "name": step.name,
        "before": step.before,
        "after": step.after,
    }


class _Outcome:
    """What became of each step."""

    def __init__(self, plan: Plan, *, is_json: bool) -> None:
        self._plan = plan
        self._is_json = is_json
        self._done: list[Step] = []
        self._failed: list[tuple[Step, str]] = []
        self._left: list[Step] = []
        self._keys: list[dict[str, str]] = []

    def carry_out(self, installation: Installation, keys: IO[str] | None) -> None:
        """Goes on past a step that fails, but takes nothing away after one, and ends where nobody answers."""
        steps = list(self._plan.steps)
        while steps:
            step = steps.pop(0)
            if self._failed and step.action == "delete":
                self._left.append(step)
                continue
            try:
                made = installation.carry_out(step)
            except Unanswered as error:
                self._fail(step, f"{error.message}; nobody knows whether it was done")
                self._left += steps
                return
            except StellwerkError as error:
                self._fail(step, error.message)
                continue
            self._done.append(step)
            if not self._is_json:
                print(step.line)
            if made is not None:
                self._keep({name: made[name] for name in ("name", "id", "key")}, keys)

    def _fail(self, step: Step, reason: str) -> None:
        self._failed.append((step, reason))
        if not self._is_json:
            print(f"failed: {step.line}: {reason}", file=sys.stderr)

    def _keep(self, key: dict[str, str], keys: IO[str] | None) -> None:
        if keys is None:
            self._keys.append(key)
            if not self._is_json:
                print(f"        {key['key']}  (shown this once)")
            return
        keys.write(json.dumps(key) + "\n")
        keys.flush()
        os.fsync(keys.fileno())

    def tell(self, covered: list[str]) -> int:
        """The end of the story."""
        if self._is_json:
            document = {
                "ok": not self._failed,
                "done": [_written(step) for step in self._done],
                "failed": [{**_written(step), "reason": reason} for step, reason in self._failed],
                "left": [_written(step) for step in self._left],
                "keys": self._keys,
                "covered": covered,
            }
            print(json.dumps(document))
            return 1 if self._failed else 0
        _warn(covered)
        for step in self._left:
            print(f"not tried: {step.line}", file=sys.stderr)
        if not self._plan.steps:
            print("nothing to change")
        elif self._failed:
            counts = f"{len(self._done)} done, {len(self._failed)} failed, {len(self._left)} not tried"
            print(f"{counts}; run it again to go on", file=sys.stderr)
        else:
            print(f"{len(self._done)} done")
        return 1 if self._failed else 0
