"""The thin view of a request: what routing needs, with the caller's bytes kept as they came."""

from __future__ import annotations

import msgspec


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One request in some dialect, decoded only as far as every request needs it.

    ``body`` is the caller's body, byte for byte. ``wants_usage`` says whether the caller asked for usage in its
    stream; the gateway asks for it upstream in any case and strips it when the caller did not. ``output_cap`` is the
    largest number of output tokens the caller allows, ``None`` where it set none; ``choices`` is how many candidates
    it wants.
    """

    dialect: str
    model: str
    is_stream: bool
    body: bytes
    wants_usage: bool = True
    output_cap: int | None = None
    choices: int = 1
