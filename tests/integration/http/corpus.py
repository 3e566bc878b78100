"""Probes against request smuggling, read from ``corpus/``: what is sent, and what must come of it.

Each probe is an object: ``send`` lists its parts, text whose characters are bytes, or ``{"repeat": text, "times": n}``;
``requests`` lists method, path and body of every request that the application must see, in order; ``refused`` is the
status of the refusal that follows them. Without a refusal the connection must serve whatever comes next, unless it
``ends`` with the last answer, or the probe ``leaves`` in the middle of a message.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "corpus"


class Repeated(msgspec.Struct, frozen=True):
    """The same text many times."""

    repeat: str
    times: int


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One probe."""

    name: str
    send: tuple[str | Repeated, ...]
    requests: tuple[tuple[str, str, str], ...] = ()
    refused: int = 0
    ends: bool = False
    leaves: bool = False

    @property
    def data(self) -> bytes:
        """All that is sent."""
        texts = [part if isinstance(part, str) else part.repeat * part.times for part in self.send]
        return "".join(texts).encode("latin-1")

    @property
    def seen(self) -> list[tuple[bytes, bytes, bytes]]:
        """Method, path and body of every request that the application must see."""
        return [
            (method.encode(), path.encode("latin-1"), body.encode("latin-1")) for method, path, body in self.requests
        ]


def read_corpus() -> dict[str, Probe]:
    """All probes by topic and name."""
    return {
        f"{path.stem}: {probe.name}": probe
        for path in sorted(FOLDER.glob("*.json"))
        for probe in msgspec.json.decode(path.read_bytes(), type=list[Probe])
    }
