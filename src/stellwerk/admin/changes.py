"""Making a change: one transaction with its version, its delta for the workers, its audit entry and its answer.

The audit entry is on the disk before the transaction is committed: a crash between the two leaves an entry of something
that was not done, never a change that nobody knows of. When the audit log cannot be written, nothing is changed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from fastapi import Header, Request
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from stellwerk.admin.access import Guard, Principal
from stellwerk.admin.database import Database
from stellwerk.admin.problems import Problem
from stellwerk.admin.publishing import DIRECTORY, Publishing
from stellwerk.admin.tables import changes, facts, replies
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord
from stellwerk.ports.audit import AuditLog
from stellwerk.supervisor.log import Log

REMEMBERED_S = 86_400.0
"""How long an idempotency key is known."""
KEPT_S = 7 * 86_400.0
"""How long a delta is kept for hosts that are down."""

IfMatch = Annotated[
    str, Header(alias="if-match", max_length=64, description='The ETag of the version that is to be changed, or "*".')
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A request that is sent again with the same key is done once; known for a day.",
    ),
]


@dataclass
class Change:
    """A change that is being made: what workers and the audit log will be told of it."""

    connection: sa.Connection
    time_s: float
    keys: dict[str, KeyRecord] = field(default_factory=dict)
    scopes: dict[str, ScopeRecord] = field(default_factory=dict)
    removed_keys: list[str] = field(default_factory=list)
    removed_scopes: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, what: str, target: str, before: BaseModel | None = None, after: BaseModel | None = None) -> None:
        """What was done to what, for the audit log."""
        states = {"before": before and before.model_dump(), "after": after and after.model_dump()}
        self.told.append({"what": what, "target": target, **states})

    def delta(self, version: int) -> DirectoryDelta | None:
        """For the workers; ``None`` when nothing concerns them."""
        if not (self.keys or self.scopes or self.removed_keys or self.removed_scopes):
            return None
        return DirectoryDelta(
            version,
            tuple(self.keys.values()),
            tuple(self.removed_keys),
            tuple(self.scopes.values()),
            tuple(self.removed_scopes),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two requests the same: who sent them, under which idempotency key, asking what."""

    principal: Principal
    key: str
    fingerprint: str

    @classmethod
    def of(cls, request: Request, principal: Principal, key: str | None, body: BaseModel) -> Identity | None:
        """``None`` without an idempotency key."""
        if key is None:
            return None
        asked = f"{request.method} {request.url.path}\n{body.model_dump_json()}"
        return cls(principal, key, hashlib.sha256(asked.encode()).hexdigest())

    @property
    def digest(self) -> str:
        """What the database keeps of the key."""
        return hashlib.sha256(self.key.encode()).hexdigest()


class Changes:
    """Makes changes, one at a time for all hosts of a database."""

    __slots__ = ("_audit", "_log", "clock", "database", "guard", "pepper", "publishing")

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        publishing: Publishing,
        guard: Guard,
        pepper: bytes,
        clock: Callable[[], float],
        log: Log,
    ) -> None:
        self.database = database
        self._audit = audit
        self.publishing = publishing
        self.guard = guard
        self.pepper = pepper
        self.clock = clock
        self._log = log

    @contextmanager
    def making(self, principal: Principal) -> Iterator[Change]:
        """Commits at its end, and publishes; undoes everything when an exception comes out."""
        with self.database.writing() as connection:
            # The row is locked until the end: versions are committed in their order, whoever else writes.
            here = facts.c.name == DIRECTORY
            locked = sa.update(facts).where(here).values(number=facts.c.number).returning(facts.c.number)
            version = connection.execute(locked).scalar_one() + 1
            change = Change(connection, self.clock())
            yield change
            delta = change.delta(version)
            if delta is not None:
                row = {"version": version, "time_s": change.time_s, "delta": msgspec.msgpack.encode(delta)}
                connection.execute(sa.insert(changes).values(row))
                connection.execute(sa.delete(changes).where(changes.c.time_s < change.time_s - KEPT_S))
                connection.execute(sa.update(facts).where(here).values(number=version))
            for told in change.told:
                self._audit.record(time_s=change.time_s, who=_who(principal), **told)
        self.publish()

    def once(
        self, identity: Identity | None, principal: Principal, work: Callable[[Change], BaseModel]
    ) -> Mapping[str, Any]:
        """What ``work`` gave, as a JSON object; for a repeated request what it gave the first time.

        Raises 422 when the idempotency key came with another request.
        """
        with self.making(principal) as change:
            if identity is None:
                return work(change).model_dump()
            connection = change.connection
            connection.execute(sa.delete(replies).where(replies.c.time_s < change.time_s - REMEMBERED_S))
            known = (replies.c.token == principal.id) & (replies.c.key == identity.digest)
            row = connection.execute(sa.select(replies).where(known)).one_or_none()
            if row is not None:
                if row.fingerprint != identity.fingerprint:
                    raise Problem(422, "this idempotency key came with another request before")
                body: dict[str, Any] = row.body
                return body
            made = work(change).model_dump()
            reply = {"token": principal.id, "key": identity.digest, "fingerprint": identity.fingerprint}
            connection.execute(sa.insert(replies).values({**reply, "body": made, "time_s": change.time_s}))
            return made

    def note(self, principal: Principal, what: str, target: str) -> None:
        """Puts something into the audit log that changes nothing in the database. Raises ``StoreUnavailable``."""
        self._audit.record(time_s=self.clock(), who=_who(principal), what=what, target=target)

    def publish(self) -> None:
        """Tells this host's workers; what cannot be written now is tried again by whoever calls next."""
        try:
            self.publishing.catch_up()
        except OSError as error:
            self._log.error("directory_not_written", reason=str(error))
        except SQLAlchemyError as error:
            self._log.error("control_database_away", reason=type(error).__name__)

    def secret(self, prefix: str, identity: Identity | None) -> str:
        """A new key or token of 256 bits. A repeated request gets the same one, although it is kept nowhere.

        It is then made of the idempotency key, of which the database has only a digest, and the pepper.
        """
        if identity is None:
            return prefix + secrets.token_urlsafe(32)
        seed = f"{identity.principal.id}\n{identity.fingerprint}\n{identity.key}".encode()
        return prefix + hmac.digest(self.pepper, b"stellwerk secret\n" + seed, "sha256").hex()


def _who(principal: Principal) -> str:
    return f"{principal.name} ({principal.subject or principal.id})"


def etag(version: int) -> str:
    """A version as an ETag."""
    return f'"{version}"'


def match(if_match: str, version: int) -> None:
    """Raises 412 unless the version is the one that the client has seen."""
    wished = {piece.strip() for piece in if_match.split(",")}
    if "*" not in wished and etag(version) not in wished:
        raise Problem(412, f"it has version {version} now; read it again")


def new_id(prefix: str) -> str:
    """An id that nobody can guess or meets twice."""
    return f"{prefix}_{secrets.token_hex(10)}"
