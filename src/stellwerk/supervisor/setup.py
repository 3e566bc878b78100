"""What a supervisor is told: which roles to fill, where the state lies, how a configuration is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stellwerk.supervisor.sockets import Address


@dataclass(frozen=True, slots=True)
class Role:
    """``count`` processes of one command. With an address, each has its own listening socket on it.

    Without an essential one nothing starts. Others may come later and be away for a while: nobody waits for them, and
    no new configuration is tried on them. One on demand is first started when a worker says that it is wanted.
    """

    name: str
    command: Sequence[str]
    count: int = 1
    address: Address | None = None
    is_essential: bool = True
    is_on_demand: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits, in seconds."""

    drain_s: float = 330.0
    """For the last answers, before workers are told to end by SIGTERM."""
    kill_s: float = 5.0
    """Between SIGTERM and SIGKILL."""
    start_s: float = 30.0
    """For a worker to become ready."""
    hang_s: float = 30.0
    """For a sign of life of a worker that has given one before."""
    compile_s: float = 60.0
    """For the compiler."""
    load_s: float = 30.0
    """For the first worker to load a new version."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Roles are numbered through: the first one's slots come first. ``environment`` is the workers' and the compiler's.

    ``source`` is the configuration file that is watched, ``compiler`` gives the command that compiles it into a file of
    a version: exit status 0 when that was written, else what stands in the way as lines of output. ``version`` is the
    one to begin with; ``place`` puts it where it is told to, once the state directory is ours: nobody else's is
    overwritten. Without it the version lies ready under ``compiled_path``.
    """

    state: Path
    roles: Sequence[Role]
    source: Path
    compiler: Callable[[Path, int], Sequence[str]]
    environment: Mapping[str, str]
    version: int = 1
    place: Callable[[Path], object] | None = None
    patience: Patience = Patience()


def compiled_path(state: Path, version: int) -> Path:
    """Where a compiled version lies; its directory exists afterwards."""
    directory = state / "compiled"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory / f"{version}.msgpack"


def keep_compiled(state: Path, versions: Sequence[int]) -> None:
    """Removes all other versions."""
    kept = {compiled_path(state, version) for version in versions}
    for path in (state / "compiled").glob("*.msgpack"):
        if path not in kept:
            path.unlink(missing_ok=True)
