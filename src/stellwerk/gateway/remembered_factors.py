"""What a worker has learned of tokens, kept in the state directory, so that a restart does not begin with nothing.

Each slot has a file of its own. A worker begins with the best of all of them, whoever wrote it; a file that is missing
or cannot be read is left out, and one that cannot be written is tried again a minute later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from stellwerk.core.prompt_tokens import PromptFactors
    from stellwerk.gateway.standing import Standings

FOLDER: Final = "tokens"
EVERY_BEATS: Final = 60
"""Of about a second each."""
LARGEST_BYTES: Final = 4_194_304

_Kept = dict[str, dict[int, tuple[int, float, float]]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


class RememberedFactors:
    """One slot's file, and the others' at the beginning."""

    def __init__(self, state: Path, slot: int, standings: Standings) -> None:
        self._folder = state / FOLDER
        self._path = self._folder / f"{slot}.msgpack"
        self._standings = standings
        self._beats = 0
        self._kept = 0

    def restore(self) -> None:
        """Takes over what is known of the targets that there are."""
        for told in _readable(self._folder):
            for identity, factors in self._known():
                if identity in told:
                    factors.meet(told[identity])

    def beat(self) -> None:
        """To be called about once a second: writes now and then, where something was learned."""
        self._beats += 1
        if self._beats % EVERY_BEATS == 0:
            self.keep()

    def keep(self) -> None:
        """Writes the file in one step, if there is news."""
        known = list(self._known())
        learned = sum(factors.learned for _, factors in known)
        if learned == self._kept:
            return
        draft = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(_encode({identity: factors.dump() for identity, factors in known}))
            draft.replace(self._path)
            self._kept = learned

    def _known(self) -> Iterable[tuple[str, PromptFactors]]:
        return ((identity, standing.factors) for identity, standing in self._standings)


def _readable(folder: Path) -> Iterable[_Kept]:
    for path in sorted(folder.glob("*.msgpack")):
        try:
            if path.stat().st_size > LARGEST_BYTES:
                continue
            told = _decode(path.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if all(isfinite(one) for kinds in told.values() for each in kinds.values() for one in each):
            yield told
