"""``stellwerk up``: runs workers, admin API and compute process under one supervisor until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stellwerk.core.snapshot import Snapshot
from stellwerk.errors import ConfigurationError, StellwerkError
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.run_file import Run

WORKER = "stellwerk.gateway.worker"
ADMIN = "stellwerk.admin.process"
COMPUTE = "stellwerk.compute.process"
COMPILER = "stellwerk.config.compile"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")


def run(options: argparse.Namespace) -> int:
    """Runs in the foreground: SIGTERM and SIGINT drain, SIGHUP reloads, the log goes to standard error as JSON."""
    from stellwerk.config import compiled
    from stellwerk.supervisor.errors import CannotStart
    from stellwerk.supervisor.setup import Patience, Role, Setup
    from stellwerk.supervisor.sockets import Address
    from stellwerk.supervisor.supervisor import Supervisor

    config = Path(options.config).absolute()
    log = Log(sys.stderr, process="supervisor")
    snapshot = _compile(config, log)
    server = snapshot.server
    setup = Setup(
        state=Path(snapshot.state.directory),
        roles=(
            Role(
                "gateway",
                (sys.executable, "-m", WORKER),
                count=server.workers,
                address=Address(server.host, server.port),
            ),
            Role(
                "admin",
                (sys.executable, "-m", ADMIN),
                address=Address(snapshot.admin.host, snapshot.admin.port),
                is_essential=False,
            ),
            Role("compute", (sys.executable, "-m", COMPUTE), is_essential=False, is_on_demand=True),
        ),
        source=config,
        compiler=lambda path, version: compiler(config, path, version),
        environment=dict(os.environ),
        version=snapshot.version,
        place=lambda path: compiled.write(snapshot, path),
        patience=Patience(drain_s=server.drain_s),
    )
    try:
        return Supervisor(setup, log, announce=_announce if options.json else None).run()
    except CannotStart as error:
        raise StellwerkError(str(error)) from None


def _announce(run: Run) -> None:
    print(json.dumps(asdict(run)), flush=True)


def compiler(config: Path, out: Path, version: int) -> Sequence[str]:
    """The command that compiles ``config``: a process of its own, so that no other ever loads what judges it."""
    return (sys.executable, "-m", COMPILER, str(config), str(out), "--version", str(version))


def _compile(config: Path, log: Log) -> Snapshot:
    """The first version. Raises ``ConfigurationError`` with every problem."""
    from stellwerk.config import compiled

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "first.msgpack")
        process = subprocess.run(  # noqa: S603  # our own interpreter with our own module
            compiler(config, out, 1), stdout=subprocess.PIPE, text=True, check=False
        )
        lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
        problems = tuple(line["text"] for line in lines if line["level"] == "error")
        for line in lines:
            if line["level"] == "warning":
                log.warning("configuration", text=line["text"])
        if process.returncode != 0:
            raise ConfigurationError(problems or (f"{config}: the compiler ended with status {process.returncode}",))
        return compiled.read(out)
