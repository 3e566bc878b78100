"""Random control data, and installations to put it into: the admin API itself, on a socket."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from hypothesis import strategies as st

from stellwerk.transfer import control_data
from stellwerk.transfer.control_data import ControlData
from tests.unit.admin.kit import TOKEN, Admin, open_admin

NAMES = ("shop", "till", "Ops-2", "a.b@c")

periods = st.sampled_from(("minute", "hour", "day", "week", "month", "never"))
limit = st.fixed_dictionaries(
    {
        "metric": st.sampled_from(("requests", "tokens", "concurrency")),
        "amount": st.integers(0, 2**53 - 1),
        "per_s": st.sampled_from((1, 60, 86_400)),
        "window": st.booleans(),
    }
)
budget = st.fixed_dictionaries(
    {
        "limit_usd": st.decimals(0, 999_999_999, places=9, allow_nan=False, allow_infinity=False).map(
            lambda d: f"{d:f}"
        ),
        "period": periods,
        "time_zone": st.sampled_from(("UTC", "Europe/Berlin")),
        "hard": st.booleans(),
        "alerts": st.lists(st.floats(0.01, 100), max_size=3),
        "name": st.sampled_from(("", "extra")),
    }
)
limits = st.lists(limit, min_size=1, max_size=3).map(control_data.limits)
budgets = st.lists(budget, min_size=1, max_size=3).map(control_data.budgets)
rights = st.fixed_dictionaries(
    {
        "models": st.lists(st.sampled_from(("*", "smart", "meta/llama:3@x")), min_size=1, max_size=2, unique=True),
        "dialects": st.lists(st.sampled_from(("openai", "gemini")), max_size=2, unique=True),
        "tags": st.dictionaries(st.sampled_from(("env", "project.x")), st.sampled_from(("prod", "a/b")), max_size=2),
        "networks": st.lists(st.sampled_from(("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")), max_size=2, unique=True),
        "expires_s": st.none() | st.integers(0, 253_402_300_799),
        "enabled": st.booleans(),
    }
)


@st.composite
def everything(draw: st.DrawFn) -> ControlData:
    """Control data that an installation can have."""
    data = control_data.empty()
    some = st.lists(st.sampled_from(NAMES), unique=True, max_size=3)
    for name in draw(some):
        data["organizations"][name] = {"enabled": draw(st.booleans())}
    for name in draw(some):
        parent = draw(st.sampled_from((None, *data["organizations"])))
        data["teams"][name] = {"organization": parent, "enabled": draw(st.booleans())}
    for name in draw(some):
        data["users"][name] = {"team": draw(st.sampled_from((None, *data["teams"]))), "enabled": draw(st.booleans())}
    for name in draw(some):
        user = draw(st.sampled_from((None, *data["users"])))
        team = data["users"].get(user or "", {}).get("team") or draw(st.sampled_from((None, *data["teams"])))
        data["keys"][name] = {"team": team, "user": user, **draw(rights)}
    owners = [f"{control_data.singular(kind)}:{name}" for kind in control_data.OWNERS for name in data[kind]]
    scopes = st.lists(st.sampled_from((*owners, "model:smart", "provider:p", "tag:env=prod")), unique=True, max_size=4)
    data["limits"] = {scope: draw(limits) for scope in draw(scopes)}
    data["budgets"] = {scope: draw(budgets) for scope in draw(scopes)}
    return data


@contextmanager
def served(folder: Path) -> Iterator[tuple[Admin, str]]:
    """An admin API on a socket, and its URL."""
    folder.mkdir()
    admin = open_admin(folder)
    server = uvicorn.Server(uvicorn.Config(admin.app, port=0, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield admin, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        admin.database.close()


def options(folder: Path, url: str, **others: Any) -> Namespace:
    """What a command is told, with a configuration that lets it in."""
    file = folder / "stellwerk.toml"
    file.write_text(f'[admin]\ntoken = "{TOKEN}"\n')
    return Namespace(config=str(file), url=url, json=False, **others)
