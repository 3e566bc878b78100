"""The checks that hold for one model, sorted by when they run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from stellwerk.core.pseudonym import PLAIN, Notation
from stellwerk.core.snapshot import ScreeningSpec
from stellwerk.core.subject import Side
from stellwerk.screening.edits import How
from stellwerk.screening.memory import Memory
from stellwerk.screening.policy import Rule


class Guards(msgspec.Struct, frozen=True, eq=False):
    """Rules by side and kind, in the order of the configuration. Empty where nothing is to be done."""

    spec: ScreeningSpec
    input_local: tuple[Rule, ...] = ()
    input_remote: tuple[Rule, ...] = ()
    output_local: tuple[Rule, ...] = ()
    output_remote: tuple[Rule, ...] = ()
    log: tuple[Rule, ...] = ()
    masks: Mapping[str, How] = {}
    """How values of a type are masked, where that is not by their label."""
    secret: bytes = b""
    """Keys what is known by digests."""
    memory: Memory | None = None
    """What local checks have said of requests' texts."""
    notation: Notation = PLAIN
    """How stand-ins are written."""

    @property
    def pseudonymizes(self) -> bool:
        """Whether values of requests may get stand-ins."""
        return any(rule.stands_in for rule in (*self.input_local, *self.input_remote))

    @property
    def edits_answers(self) -> bool:
        """Whether values in answers may be replaced."""
        return any(rule.edits for rule in (*self.output_local, *self.output_remote))

    @property
    def stream(self) -> Literal["stream", "buffer"]:
        """How answers go out: when they have ended, where a check needs them whole."""
        return "buffer" if any(rule.needs_whole for rule in self.output_local) else self.spec.stream

    @property
    def needs_sources(self) -> bool:
        """Whether a check compares answers with their requests."""
        return any(rule.needs_sources for rule in self.output_local)

    @staticmethod
    def of(rules: Iterable[Rule], spec: ScreeningSpec, secret: bytes = b"") -> Guards | None:
        """The guards that these rules make; nothing where there are none. ``secret`` keys what is remembered."""
        found = tuple(rules)

        def pick(side: Side, *, is_remote: bool) -> tuple[Rule, ...]:
            return tuple(rule for rule in found if side in rule.sides and rule.is_remote is is_remote)

        if not found:
            return None
        return Guards(
            spec,
            pick(Side.INPUT, is_remote=False),
            pick(Side.INPUT, is_remote=True),
            pick(Side.OUTPUT, is_remote=False),
            pick(Side.OUTPUT, is_remote=True),
            pick(Side.LOG, is_remote=False),
            {kind: How(how) for kind, how in spec.masks.items()},
            secret,
            Memory(secret),
            notation_of(found),
        )


def notation_of(rules: Iterable[Rule]) -> Notation:
    """How stand-ins are written of what these rules find: patterns and topics of the policy's own have their names."""
    own = tuple(dict.fromkeys(name for rule in rules if rule.stands_in for name in rule.names))
    return Notation(own) if own else PLAIN
