"""The jobs, found by their file's name: each exports ``run(payload, ticket)``, and is imported when first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

from stellwerk.compute.ticket import Ticket

Run: TypeAlias = Callable[[bytes, Ticket], bytes]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class NoSuchJob(Exception):
    """Nobody here can do that job."""


def find(name: str) -> Run:
    """What does a job. Raises ``NoSuchJob``, also where what it needs is not installed."""
    if _NAME.fullmatch(name) is None:
        raise NoSuchJob(f"no job is called {name[:40]!r}")
    try:
        run: Run = import_module(f"{__name__}.{name}").run
    except ModuleNotFoundError as error:
        if error.name == f"{__name__}.{name}":
            raise NoSuchJob(f"no job is called {name!r}") from None
        raise NoSuchJob(f"the job {name!r} needs {error.name!r}, which is not installed") from None
    return run
