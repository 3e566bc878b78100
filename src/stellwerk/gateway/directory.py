"""Every caller by the digest of its key: those of the configuration file, and those of the register behind them."""

from __future__ import annotations

import copy
import hashlib
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network

import msgspec

from stellwerk.config.register import Register
from stellwerk.core.identity import Network, Principal
from stellwerk.core.scope import KeyRecord, ScopeKind, ScopeRecord
from stellwerk.errors import PermissionDenied

_PEPPER = secrets.token_bytes(32)
"""Keys the digests of this process: a memory image does not give away keys that are easy to guess."""
USER, EVERY_USER = "user:", "user:*"
MOST_REMEMBERED = 50_000
"""Principals that are kept ready; of more, those that came last are found anew each time."""


class Directory:
    """Who may call, as of one version of the configuration and of the register. ``wall`` gives Unix time in seconds.

    What the file says of a key or a scope goes before what the register says of it. A caller is found by one look into
    a dictionary; one that has not called before, in the register's index.
    """

    __slots__ = (
        "_edition",
        "_given",
        "_keys",
        "_own",
        "_pepper",
        "_principals",
        "_scopes",
        "register",
        "soonest_s",
        "trusted",
        "wall",
    )

    def __init__(
        self,
        principals: Mapping[str, Principal] = {},
        keys: Mapping[str, KeyRecord] = {},
        scopes: Mapping[str, ScopeRecord] = {},
        register: Register | None = None,
        trusted: Sequence[Network] = (),
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``principals`` and ``keys`` are by key, ``scopes`` by id; of a key's record the digest is not looked at."""
        self.register = register
        self.trusted = trusted
        """Proxies whose word on the caller's address is believed."""
        self.soonest_s = math.inf
        """When the first of the callers that have been found expires."""
        self._pepper = register.pepper if register is not None else _PEPPER
        self.wall = wall
        self._scopes = scopes
        self._given = {self._digest(key.encode()): principal for key, principal in principals.items()}
        self._keys = {self._digest(key.encode()): record for key, record in keys.items()}
        self._edition = 0
        self._principals = dict(self._given)
        """Those that have been found, in this edition or a former one: to drop all at once would take its time."""
        self._own: dict[str, ScopeRecord] = {}
        """The scopes of keys that have been found and have limits or budgets of their own."""

    @property
    def edition(self) -> int:
        """What was concluded in another edition may not hold any more."""
        return self._edition

    def renewed(self) -> Directory:
        """A directory that has concluded nothing yet from the register as it was."""
        made = copy.copy(self)
        made._edition = self._edition + 1  # noqa: SLF001  # of its own class
        made.soonest_s = math.inf
        return made

    def find(self, key: bytes) -> Principal | None:
        """The principal whose key this is. The look-up's time tells nothing about keys: it is by keyed digest."""
        digest = self._digest(key)
        found = self._principals.get(digest)
        if found is None or found.edition != self._edition:
            found = self._conclude(digest)
        if found is None or (found.expires_s < math.inf and found.expires_s <= self.wall()):
            return None
        return found

    def scope(self, identity: str) -> ScopeRecord | None:
        """The scope with an id such as ``team:shop`` or ``model:smart``; that of a key once the key has been found.

        A user without a record is like the user ``*``, each by itself.
        """
        found = self._own.get(identity) or self._scopes.get(identity)
        if found is None and self.register is not None:
            found = self.register.scope(identity)
        if found is None and identity.startswith(USER) and identity != EVERY_USER:
            every = self.scope(EVERY_USER)
            return msgspec.structs.replace(every, name=identity.removeprefix(USER)) if every is not None else None
        return found

    def on_behalf(self, principal: Principal, user: str) -> Principal:
        """The principal for requests that its caller sends for a user; that of a key with a user of its own stays.

        Raises ``PermissionDenied`` for a user that is disabled.
        """
        if principal.user:
            return principal
        scope = self.scope(f"{USER}{user}")
        if scope is not None and not scope.is_enabled:
            raise PermissionDenied(f"The user {user!r} is disabled.")
        has_any = scope is not None and (scope.limits or scope.budgets)
        scopes = (*principal.scopes, scope.id) if scope is not None and has_any else principal.scopes
        tags = (*(tag for tag in principal.tags if tag[0] != "user"), ("user", user))
        return msgspec.structs.replace(principal, user=user, scopes=scopes, tags=tags)

    def conclude(self, record: KeyRecord) -> Principal | None:
        """Whom a record makes of its bearer; ``None`` when somebody whom it belongs to is disabled."""
        team = self.scope(f"team:{record.team}") if record.team else None
        organization = record.organization or (team.parent if team is not None else "")
        wider = [(ScopeKind.USER, record.user), (ScopeKind.TEAM, record.team), (ScopeKind.ORGANIZATION, organization)]
        found = [self.scope(f"{kind.value}:{name}") for kind, name in wider if name]
        scopes = [scope for scope in found if scope is not None]
        if not all(scope.is_enabled for scope in scopes):
            return None
        own = ScopeRecord(ScopeKind.KEY, record.name, "", record.limits, record.budgets)
        if own.limits or own.budgets:
            self._own[own.id] = own
            scopes.insert(0, own)
        return Principal(
            record.name,
            record.team,
            None if "*" in record.models else frozenset(record.models),
            tuple(scope.id for scope in scopes if scope.limits or scope.budgets),
            organization,
            record.user,
            record.tags,
            tuple(ip_network(network) for network in record.networks),
            frozenset(record.dialects) if record.dialects else None,
            math.inf if record.expires_s is None else record.expires_s,
            self._edition,
        )

    # -- helpers

    def _digest(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, key=self._pepper, digest_size=16).digest()

    def _conclude(self, digest: bytes) -> Principal | None:
        given = self._given.get(digest)
        if given is not None:
            return given
        record = self._keys.get(digest)
        if record is None and self.register is not None:
            record = self.register.key(digest)
        principal = self.conclude(record) if record is not None and record.is_enabled else None
        if principal is not None:
            if len(self._principals) >= MOST_REMEMBERED:
                self._principals.popitem()
            self._principals[digest] = principal
            self.soonest_s = min(self.soonest_s, principal.expires_s)
        else:
            self._principals.pop(digest, None)
        return principal


def digest(key: bytes) -> bytes:
    """A digest of a secret under this process's own pepper: comparing two of them tells nothing about the secrets."""
    return hashlib.blake2b(key, key=_PEPPER, digest_size=16).digest()
