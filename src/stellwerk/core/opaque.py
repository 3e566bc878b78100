"""What only one dialect understands: kept as raw JSON, so that the way through the neutral form loses nothing."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Opaque(msgspec.Struct, frozen=True):
    """Members of one JSON object that have no neutral counterpart, as they came.

    ``members`` maps a member's name to its value's raw JSON, or to an ``Opaque`` of its own where the value is an
    object of which a part is understood. An encoder writes them back into the same object when ``dialect`` is its own
    name, and drops them otherwise: what another dialect means by a name is not known. A raw ``null`` marks how
    something was spelled where a dialect has two names for it; the value itself is in the neutral field. So no text
    that a stage may edit stands here a second time.
    """

    dialect: str
    members: Mapping[str, msgspec.Raw | Opaque]

    def of(self, dialect: str) -> Mapping[str, msgspec.Raw | Opaque]:
        """The members to write back when encoding ``dialect``; empty for every other dialect's."""
        return self.members if self.dialect == dialect else {}
