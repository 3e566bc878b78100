"""Compiles the C programs of the kit on demand, into the user's cache and never into the repository."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.failures import BenchmarkError

KIT = Path(__file__).parent / "kit"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra")


def compiled(program: str) -> Path:
    """The path of a program of the kit (`mock`, `load`), compiled unless the cache has it from the same sources."""
    directory = cache_directory() / _digest_of_sources()
    binary = directory / program
    if not binary.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _compile(KIT / f"{program}.c", binary)
    return binary


def cache_directory() -> Path:
    """Where compiled programs are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "stellwerk-bench"


def _compile(source: Path, binary: Path) -> None:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise BenchmarkError("the benchmarks need a C compiler: install gcc or clang, or set $CC")
    # Two runs may compile at once: each writes a file of its own, and the rename is atomic.
    unfinished = binary.with_name(f"{binary.name}.{os.getpid()}")
    command = [compiler, *FLAGS, "-o", str(unfinished), str(source)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if outcome.returncode != 0:
        raise BenchmarkError(f"{source.name} does not compile:\n{outcome.stderr}")
    unfinished.replace(binary)


def _digest_of_sources() -> str:
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for source in sorted(KIT.glob("*.[ch]")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
