"""People of an issuer at the admin side, as tests have them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from stellwerk.admin.outside import Outside
from stellwerk.admin.people import People
from stellwerk.core import url as urls
from stellwerk.core.issuer import IssuerSpec, PeopleSpec, Requirement, RoleRule
from stellwerk.core.snapshot import EgressSpec
from tests.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
from tests.unit.admin.kit import TOKEN, Admin

URL = "http://127.0.0.1:8081"
GROUPS = ("groups",)
ROLES = (
    RoleRule(Requirement(GROUPS, ("sre",)), "admin"),
    RoleRule(Requirement(GROUPS, ("leads",)), "operator", teams=("shop",)),
    RoleRule(Requirement(GROUPS, ("owners",)), "admin", team_claim=("owns",)),
    RoleRule(Requirement(("kind",), ("staff", "guest")), "viewer"),
)
Trust = Callable[..., People]


def trusting(admin: Admin, issuer: Issuer) -> Trust:
    """What has an admin side know the issuer's people, once it has the keys."""

    def of(url: str = "", roles: tuple[RoleRule, ...] = ROLES, **rest: Any) -> People:
        spec = IssuerSpec("sso", issuer.url, **{"teams": (("g-shop", "shop"), ("g-lab", "lab")), **rest})
        people = PeopleSpec("sso", CLIENT_ID, "env:X", (CLIENT_ID, "api"), url=url, roles=roles)
        fetch = Outside(EgressSpec(), [urls.read(issuer.url).origin]).fetch
        made = People(people, spec, fetch, CLIENT_SECRET, lambda: admin.now[0])
        asyncio.run(refreshed(made))
        admin.changes.guard.configure(TOKEN, made)
        return made

    return of


async def refreshed(people: People) -> None:
    """Has asked the issuer for what was due."""
    await people.refresh()
