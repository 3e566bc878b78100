"""Who calls: a principal, and what it may use."""

from __future__ import annotations

import math
from ipaddress import IPv4Network, IPv6Network

import msgspec

Network = IPv4Network | IPv6Network


class Principal(msgspec.Struct, frozen=True, gc=False):
    """The owner of a key, as found by the key's digest. One value for all requests with that key."""

    key_name: str
    team: str
    models: frozenset[str] | None
    """Names this key may ask for; ``None`` means every configured model."""
    scopes: tuple[str, ...] = ()
    """Ids of the scopes with limits or budgets that its requests fall under: key, user, team and organization."""
    organization: str = ""
    user: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    """Put on each of its requests, whatever the caller says."""
    networks: tuple[Network, ...] = ()
    """Where it may be used from; everywhere when empty."""
    dialects: frozenset[str] | None = None
    """In which it may be used, by name or by the first word of it; ``None`` means every one."""
    expires_s: float = math.inf
    """Unix time in seconds from which on it is unknown."""
    edition: int = 0
    """Of the directory that it was found in."""
    is_fleeting: bool = False
    """Whether it is looked up for each request: no connection remembers it."""

    def may_use(self, model: str) -> bool:
        """Whether this key may ask for the model of that name."""
        return self.models is None or model in self.models

    def may_speak(self, dialect: str) -> bool:
        """Whether this key may be used in a dialect."""
        allowed = self.dialects
        return allowed is None or dialect in allowed or _FAMILIES.get(dialect, dialect.partition("_")[0]) in allowed


_FAMILIES = {"rerank": "openai"}
"""Of dialects that are not called after theirs."""
