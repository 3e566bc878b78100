"""Who calls, as the configuration file has it."""

from __future__ import annotations

from stellwerk.core.scope import KeyRecord
from stellwerk.core.snapshot import KeySpec


def record_of(spec: KeySpec) -> KeyRecord:
    """A key of the file, as those of the directory are; it is known by the key itself."""
    return KeyRecord(
        id=f"file:{spec.name}",
        name=spec.name,
        digest=b"",
        team=spec.team,
        organization=spec.organization,
        user=spec.user,
        models=spec.models,
        dialects=spec.dialects,
        tags=spec.tags,
        networks=spec.networks,
        expires_s=spec.expires_s,
        limits=spec.limits,
        budgets=spec.budgets,
    )
