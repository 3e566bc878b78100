"""Runs a supervisor over the small worker, as ``stellwerk up`` runs one over the gateway's."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stellwerk.supervisor.errors import CannotStart
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.run_file import Run
from stellwerk.supervisor.setup import Patience, Role, Setup
from stellwerk.supervisor.sockets import Address
from stellwerk.supervisor.supervisor import Supervisor

HERE = Path(__file__).parent

os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # workers and compilers are the tests' own, and many


def main(wishes: dict[str, Any]) -> int:
    state, source = Path(wishes["state"]), Path(wishes["source"])
    worker = wishes.get("worker") or [sys.executable, str(HERE / "worker.py")]
    address = Address(wishes.get("host", "127.0.0.1"), wishes.get("port", 0))
    roles = [Role("gateway", worker, wishes.get("workers", 2), address)]
    if wishes.get("admin"):
        roles.append(Role("admin", worker, 1, Address("127.0.0.1", 0)))
    if wishes.get("compute"):
        roles.append(Role("compute", worker))

    def compiler(out: Path, version: int) -> list[str]:
        program = wishes.get("compiler") or [sys.executable, str(HERE / "compiler.py")]
        return [*program, str(source), str(out), str(version)]

    def place(path: Path) -> None:
        if wishes.get("unplaceable"):
            raise OSError("no room")
        subprocess.run(compiler(path, 1), check=True)

    setup = Setup(
        state=state,
        roles=roles,
        source=source,
        compiler=compiler,
        environment=dict(os.environ),
        place=place,
        patience=Patience(**wishes.get("patience", {})),
    )

    def announce(run: Run) -> None:
        sys.stderr.write(f"announced {run.version}\n")

    log = Log(sys.stderr, process="supervisor")
    try:
        return Supervisor(setup, log, announce=announce).run()
    except CannotStart as error:
        log.error("cannot_start", kind=type(error).__name__, reason=str(error))  # noqa: TRY400  # the reason is enough
        return 4


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
