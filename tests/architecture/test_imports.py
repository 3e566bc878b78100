"""What a worker loads: neither the control side's libraries nor more time and memory than it may."""

import os
import subprocess
import sys

import pytest

# The process loads uvloop when it starts, so it is part of what a worker takes.
WORKER = "import uvloop, stellwerk.gateway.worker"
SUPERVISOR = "import stellwerk.supervisor.supervisor"
CONTROL_SIDE = ("alembic", "boto3", "cryptography", "fastapi", "numpy", "pydantic", "rich", "sqlalchemy", "uvicorn")
DATA_PLANE = ("httptools", "msgspec", "uvloop")

# A bare interpreter is the unit, so that the bound means the same on a slow machine; 28 to 32 were measured, 30 MB too.
MOST_STARTS = 36.0
MOST_PEAK_MB = 40.0
TRIES = 5


def fresh_interpreter(code: str) -> str:
    """What ``code`` prints in an interpreter that nothing else has touched, coverage neither."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return finished.stdout


def cpu_s(statement: str) -> float:
    """Processor seconds from the interpreter's start to the end of ``statement``: the least of several runs."""
    code = f"{statement}\nimport time\nprint(time.process_time())"
    return min(float(fresh_interpreter(code)) for _ in range(TRIES))


def peak_mb(statement: str) -> float:
    """The most memory that was resident while ``statement`` ran."""
    status = fresh_interpreter(f"{statement}\nprint(open('/proc/self/status').read())")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) / 1024


def loaded_by(statement: str) -> set[str]:
    """Top-level names of all modules that ``statement`` brings in."""
    return set(
        fresh_interpreter(
            f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
        ).split()
    )


def test_a_worker_loads_nothing_of_the_control_side() -> None:
    loaded = loaded_by(WORKER)
    assert loaded >= set(DATA_PLANE)
    assert not loaded & set(CONTROL_SIDE)


def test_the_supervisor_loads_the_standard_library_alone() -> None:
    assert loaded_by(SUPERVISOR) - set(loaded_by("pass")) - set(sys.stdlib_module_names) == {"stellwerk"}


def test_a_worker_is_imported_quickly() -> None:
    assert cpu_s(WORKER) <= MOST_STARTS * cpu_s("pass")


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_worker_is_imported_into_little_memory() -> None:
    assert peak_mb(WORKER) <= MOST_PEAK_MB
