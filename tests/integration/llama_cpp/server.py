"""llama.cpp's server as a process of its own, for a test, and its section in a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.integration.child import child
from tests.integration.gateway.evidence import provider_key
from tests.integration.llama_cpp import model

PROGRAM = Path(__file__).with_name("serve.py")
NAME = "llama"
KEY = provider_key(NAME)


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
    """A server for ``chats`` or ``embeddings``, with the tiny model."""
    file = folder / "tiny.gguf"
    model.write(file)
    with child(PROGRAM, str(file), str(model.CONTEXT), KEY, purpose, log=folder / "llama.log") as address:
        yield Llama(f"{address}/v1")
