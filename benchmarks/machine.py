"""What the figures depend on: processor, kernel, interpreter, and other work on the machine."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The machine at the start of a run."""

    processor: str
    cores: int
    kernel: str
    python: str
    congestion_control: str
    load_average: float

    def line(self) -> str:
        """One line for the head of a table."""
        return (
            f"{self.processor}, {self.cores} cores, Linux {self.kernel} ({self.congestion_control}), "
            f"Python {self.python}, load average {self.load_average:.2f}"
        )

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def this_machine() -> Machine:
    """Look at the machine now."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        kernel=platform.release(),
        python=platform.python_version(),
        congestion_control=_first_line(Path("/proc/sys/net/ipv4/tcp_congestion_control")),
        load_average=os.getloadavg()[0],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _first_line(path: Path) -> str:
    return path.read_text().strip() if path.exists() else "unknown"
