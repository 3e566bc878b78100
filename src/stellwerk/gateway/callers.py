"""Who calls, and what of it is counted, from a configuration's keys."""

from __future__ import annotations

from stellwerk.core.identity import Principal
from stellwerk.core.scope import ScopeKind, ScopeRecord
from stellwerk.core.snapshot import KeySpec, Snapshot


def principal_of(spec: KeySpec) -> Principal:
    """The owner of a key."""
    scopes = (f"key:{spec.name}",) if spec.limits or spec.budgets else ()
    return Principal(spec.name, spec.team, None if "*" in spec.models else frozenset(spec.models), scopes)


def scopes_of(snapshot: Snapshot) -> dict[str, ScopeRecord]:
    """Those with limits or budgets, by id."""
    records = (ScopeRecord(ScopeKind.KEY, key.name, "", key.limits, key.budgets) for key in snapshot.keys)
    return {record.id: record for record in records if record.limits or record.budgets}
