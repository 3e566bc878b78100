"""``POST /admin/reload`` and ``GET /admin/v1/status``: what concerns the installation as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from stellwerk.admin.access import Caller, Role
from stellwerk.admin.changes import Changes
from stellwerk.admin.publishing import DIRECTORY
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import facts
from stellwerk.admin.values import Reloaded, Status


class Installation(Protocol):
    """What the API has to know of the processes around it."""

    @property
    def version(self) -> int:
        """Of the configuration that is in force."""
        ...

    @property
    def key_names(self) -> frozenset[str]:
        """Names of the keys in the configuration file."""
        ...

    @property
    def events(self) -> Path:
        """Where the events of this host are kept."""
        ...

    async def reload(self) -> bool:
        """Whether the workers have taken a new configuration by now. Raises ``Problem`` with what is wrong in it."""
        ...


def status_router(changes: Changes, installation: Installation) -> APIRouter:
    """How the control plane is doing."""
    api = resource("/status", tag="operation")

    @api.get("")
    def show_status(caller: Caller) -> Status:
        """Versions of the configuration and of the directory."""
        caller.may(Role.VIEWER)
        with changes.database.reading() as connection:
            version = connection.execute(sa.select(facts.c.number).where(facts.c.name == DIRECTORY)).scalar_one()
        return Status(configuration=installation.version, directory=version, published=changes.publishing.version)

    return api


def reload_router(changes: Changes, installation: Installation) -> APIRouter:
    """Reloading the configuration file."""
    api = resource("/reload", tag="operation", prefix="/admin")

    @api.post("", responses={202: {"model": Reloaded, "description": "The workers are still trying it."}})
    async def reload_configuration(caller: Caller, response: Response) -> Reloaded:
        """Reads the configuration file again; a bad one is refused with every fault, and the old one stays."""
        caller.may_everywhere(Role.ADMIN)
        await run_in_threadpool(changes.note, caller, "configuration.reload", f"version {installation.version}")
        is_adopted = await installation.reload()
        response.status_code = 200 if is_adopted else 202
        return Reloaded(version=installation.version, adopted=is_adopted)

    return api
