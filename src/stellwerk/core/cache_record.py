"""Which entries a request had to do with, as its record says: what it was answered from, or where its answer was kept.

Pairs of a name and a value, with spaces between them: ``entry`` or ``kept``, the key of an entry; ``of``, whose it is
(the first word of its tenant); ``own``, the key under which the caller's key alone finds it; ``evidence``, what an
answer that was found by meaning was judged by.
"""

from __future__ import annotations

import msgspec

from stellwerk.core.cached import KEY_BYTES, Entry

Evidence = tuple[float, float, float, float]
"""See ``core/meaning.py``."""
_KEY = "key"
"""How the tenants of single keys begin."""


class Concerned(msgspec.Struct, frozen=True):
    """Entries by their keys: those that others share, and those of one key alone. ``evidence`` of a semantic hit."""

    shared: tuple[bytes, ...] = ()
    own: tuple[bytes, ...] = ()
    evidence: Evidence | None = None


def answered_from(entry: Entry) -> str:
    """Of a request that was answered from an entry."""
    return f"entry={entry.key.hex()} of={_reach(entry.tenant)}"


def judged(entry: Entry, evidence: Evidence | None) -> str:
    """What is to be said beside the entry's key where it was found by its meaning."""
    told = f"of={_reach(entry.tenant)}"
    return told if evidence is None else f"{told} evidence={','.join(f'{value:.6g}' for value in evidence)}"


def kept_under(keys: tuple[bytes, ...], tenants: tuple[str, ...]) -> str:
    """Of a request whose answer is kept under the last of these keys, or under the first, which is the caller's own."""
    return f"kept={keys[-1].hex()} of={_reach(tenants[-1])} own={keys[0].hex()}"


def concerned(record: str) -> Concerned:
    """The entries that are named. Of an older version's record, nobody can say whose they are: they count as own."""
    tier, _, details = record.partition(";")
    pairs = dict(pair.split("=", 1) for pair in details.split() if "=" in pair)
    # What was thought of beside a miss, and not served, is named as an entry as well.
    found = _key(pairs.get("kept" if tier.startswith("miss") or "kept" in pairs else "entry", ""))
    own = _key(pairs.get("own", ""))
    if pairs.get("of", _KEY) == _KEY:
        return Concerned((), tuple(dict.fromkeys(found + own)), _evidence(pairs.get("evidence", "")))
    return Concerned(found, own, _evidence(pairs.get("evidence", "")))


def _reach(tenant: str) -> str:
    return tenant.partition(":")[0]


def _key(digits: str) -> tuple[bytes, ...]:
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        return ()
    return (key,) if len(key) == KEY_BYTES else ()


def _evidence(values: str) -> Evidence | None:
    try:
        one, two, three, four = map(float, values.split(","))
    except ValueError:
        return None
    return one, two, three, four
