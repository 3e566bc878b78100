"""Sessions of people who have logged in: made, found by the cookie, ended. Kept as digests, like tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import sqlalchemy as sa

from stellwerk.admin.access import Principal, Role
from stellwerk.admin.changes import new_id
from stellwerk.admin.database import Database
from stellwerk.admin.tables import sessions

MOST_OF_A_PERSON = 20
"""So many sessions somebody can have; the oldest makes room."""


class Sessions:
    """Those of one database. ``digest`` is what is kept of a secret; ``clock`` gives Unix time in seconds."""

    __slots__ = ("_clock", "_database", "_digest")

    def __init__(self, database: Database, digest: Callable[[bytes], bytes], clock: Callable[[], float]) -> None:
        self._database = database
        self._digest = digest
        self._clock = clock

    def begin(self, principal: Principal, rules: str, life_s: float) -> str:
        """A session for somebody who has just logged in: what the cookie holds."""
        secret, now_s = secrets.token_urlsafe(32), self._clock()
        teams = sorted(principal.teams) if principal.teams is not None else None
        row = {
            "id": new_id("ses"),
            "digest": self._digest(secret.encode()),
            "person": principal.id,
            "name": principal.name,
            "subject": principal.subject,
            "role": principal.role.name.lower(),
            "teams": teams,
            "rules": rules,
            "created_s": now_s,
            "expires_s": now_s + life_s,
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.expires_s <= now_s))
            own = sa.select(sessions.c.id).where(sessions.c.person == principal.id)
            found = connection.execute(own.order_by(sessions.c.created_s.desc())).scalars().all()
            surplus = found[MOST_OF_A_PERSON - 1 :]
            connection.execute(sa.delete(sessions).where(sessions.c.id.in_(surplus)))
            connection.execute(sa.insert(sessions).values(row))
        return secret

    def find(self, secret: bytes, rules: str) -> Principal | None:
        """Whose session it is, if the rules are those under which it began."""
        with self._database.reading() as connection:
            query = sa.select(sessions).where(sessions.c.digest == self._digest(secret))
            row = connection.execute(query).one_or_none()
        if row is None or row.expires_s <= self._clock() or row.rules != rules:
            return None
        teams = frozenset(row.teams) if row.teams is not None else None
        return Principal(row.person, row.name, Role[row.role.upper()], teams, row.subject)

    def end(self, secret: bytes) -> None:
        """Ends a session, if there is one."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.digest == self._digest(secret)))
