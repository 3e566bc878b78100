"""llama.cpp's server as a process of its own, for a test, and its section in a configuration."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.integration.gateway.evidence import provider_key
from tests.integration.llama_cpp import model

PROGRAM = Path(__file__).with_name("serve.py")
NAME = "llama"
KEY = provider_key(NAME)
END_S = 10.0


class Llama(NamedTuple):
    """A server that runs."""

    base_url: str

    def section(self, api_key: str = KEY) -> str:
        """The provider in a configuration."""
        options = {"name": NAME, "kind": "compatible", "host": "llama.cpp", "base_url": self.base_url}
        lines = "".join(f'{option} = "{value}"\n' for option, value in {**options, "api_key": api_key}.items())
        return f"\n[[providers]]\n{lines}"


@contextmanager
def serving_llama(folder: Path, purpose: str = "chats") -> Iterator[Llama]:
    """A server for ``chats`` or ``embeddings``, with the tiny model; it ends with its standard input."""
    file, log = folder / "tiny.gguf", folder / "llama.log"
    model.write(file)
    command = [sys.executable, str(PROGRAM), str(file), str(model.CONTEXT), KEY, purpose]
    with (
        log.open("wb") as noise,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise, text=True) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert address.startswith("http://127.0.0.1:"), log.read_text(encoding="utf-8", errors="replace")
            yield Llama(f"{address}/v1")
            process.stdin.close()
            assert process.wait(END_S) == 0
        finally:
            process.kill()
