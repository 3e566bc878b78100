"""A gateway under measurement: started, ready, and addressed in its own way."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.compiler import KIT
from benchmarks.failures import BenchmarkError
from benchmarks.generator import Load, LoadResult, run
from benchmarks.opponents import CHAT_PATH, Opponent
from benchmarks.ports import free_port
from benchmarks.process import CpuTimes, Memory, Process
from benchmarks.upstream import Upstream

HERE = Path(__file__).parent
BODIES = HERE / "bodies"
POLL_S = 0.005
OK = 200


@dataclass(frozen=True)
class Round:
    """One load on one gateway, and the CPU time that the gateway's processes spent on it."""

    load: LoadResult
    cpu_ns: int

    @property
    def cpu_us_per_request(self) -> float:
        """CPU-microseconds of the whole process tree per answered or cancelled request."""
        return self.cpu_ns / 1000 / max(1, self.load.requests + self.load.cancelled)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A server that answers chat requests; `process` is None when its processes are not ours to see."""

    name: str
    note: str
    port: int
    process: Process | None
    bodies: Path
    path: str = CHAT_PATH
    headers: tuple[str, ...] = ()
    start_s: float | None = None

    def load(self, body: str) -> Load:
        """A load with a body of `benchmarks/bodies`, to be bounded by the caller."""
        return Load(port=self.port, path=self.path, headers=self.headers, body=self.bodies / body)

    def measure(self, load: Load) -> Round:
        """Make the load and count the CPU time it cost."""
        before = self.cpu_times()
        result = run(load)
        return Round(result, self.settled_cpu_times().since(before))

    def cpu_times(self) -> CpuTimes:
        """CPU times of its processes now."""
        return self.process.cpu_times() if self.process else CpuTimes({})

    def settled_cpu_times(self) -> CpuTimes:
        """CPU times of its processes once they rest."""
        return self.process.settled_cpu_times() if self.process else CpuTimes({})

    def memory(self) -> Memory:
        """Memory of its processes now."""
        return self.process.memory() if self.process else Memory(pss_mb=0.0, largest_mb=0.0, processes=0)


def direct(mock: Upstream) -> Contender:
    """The mock without a gateway: the base of added latency. Its CPU time is the mock's own."""
    return Contender(name="direct", note="no gateway", port=mock.port, process=mock.process, bodies=BODIES)


@contextmanager
def started(
    opponent: Opponent, mock: Upstream, *, home: Path, directory: Path, streams: int = 1024
) -> Iterator[Contender]:
    """The gateway, started and ready for so many streams at once; ended with the block."""
    own = directory / opponent.name
    own.mkdir()
    port = free_port()
    values = {
        "port": str(port),
        "metrics_port": str(free_port()),
        "mock_port": str(mock.port),
        # Two for each stream, and a quarter more: with less than 1/16 free, nginx hangs up on waiting clients.
        "nginx_connections": str(2 * streams * 5 // 4),
        "dir": str(own),
        "home": str(home),
        "kit": str(KIT),
        "peers": str(HERE / "peers"),
    }
    for name, template in opponent.files.items():
        (own / name).write_text(_filled((HERE / template).read_text(), values))
    contender = Contender(
        name=opponent.name,
        note=opponent.note,
        port=port,
        process=None,
        bodies=_bodies_for(opponent.model, own / "bodies"),
        path=opponent.path,
        headers=tuple(_filled(header, values) for header in opponent.headers),
    )
    begin = time.monotonic()
    with _process_of(opponent, values, own) as process:
        port = _wait_until_ready(contender, process, opponent, own)
        yield replace(contender, port=port, process=process, start_s=time.monotonic() - begin)


def _process_of(opponent: Opponent, values: dict[str, str], own: Path) -> Process:
    command = [_filled(argument, values) for argument in opponent.command]
    environment = {name: _filled(value, values) for name, value in opponent.environment.items()}
    try:
        # The working directory stays: `python -m` finds the package of a checkout there.
        return Process(command, log=own / "output.log", environment=environment)
    except FileNotFoundError as error:
        hint = f"; in the peers' home run: {opponent.install}" if opponent.install else ""
        raise BenchmarkError(f"{opponent.name} is not installed ({command[0]}){hint}") from error


def _wait_until_ready(contender: Contender, process: Process, opponent: Opponent, own: Path) -> int:
    """Ask until a chat request is answered with 200; returns the port that answered."""
    deadline = time.monotonic() + opponent.start_timeout_s
    answer = "no answer"
    port = contender.port
    while time.monotonic() < deadline and process.exit_status is None:
        port = _port_chosen(own / opponent.port_file) if opponent.port_file else port
        status, answer = _ask(port, contender) if port else (0, answer)
        if status == OK:
            return port
        time.sleep(POLL_S)
    message = (
        f"{opponent.name} is not ready within {opponent.start_timeout_s:.0f} s "
        f"(exit status {process.exit_status}, last answer: {answer[:300]})\n{process.tail_of_log()}"
    )
    raise BenchmarkError(message)


def _port_chosen(file: Path) -> int:
    return int(text) if file.exists() and (text := file.read_text()) else 0


def _ask(port: int, contender: Contender) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = dict(header.split(": ", 1) for header in contender.headers)
    body = (contender.bodies / "chat.json").read_bytes()
    try:
        connection.request("POST", contender.path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()


def _bodies_for(model: str, directory: Path) -> Path:
    directory.mkdir()
    for source in BODIES.glob("*.json"):
        body = json.loads(source.read_text())
        body["model"] = model
        (directory / source.name).write_text(json.dumps(body))
    return directory


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"@([a-z_]+)@", lambda found: values.get(found[1], found[0]), template)
