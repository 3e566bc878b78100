"""Control data of a running installation: read through the admin API, and changed step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stellwerk.cli.admin_client import AdminClient, piece
from stellwerk.errors import StellwerkError
from stellwerk.transfer import control_data
from stellwerk.transfer.control_data import ControlData
from stellwerk.transfer.difference import Step


class Installation:
    """What an installation has. Each change is made to the version that was read, and to no other one."""

    def __init__(self, client: AdminClient) -> None:
        """Reads everything that the token reaches, page by page."""
        self._client = client
        self.data: ControlData = control_data.empty()
        self._versions: dict[str, int] = {}
        """Of scopes, by id."""
        self._keys: dict[str, list[dict[str, Any]]] = {}
        """Keys by name, the newest last: that one counts, the others are on their way out."""
        self._read()

    def _read(self) -> None:
        for kind in ("organizations", "teams", "users"):
            for found in self._client.pages(f"/{kind}"):
                self.data[kind][found["name"]] = control_data.from_scope(kind, found)
                self._versions[f"{control_data.singular(kind)}:{found['name']}"] = found["version"]
        for found in self._client.pages("/keys"):
            self._keys.setdefault(found["name"], []).append(found)
        for name, keys in self._keys.items():
            keys.sort(key=lambda key: (key["created_s"], key["id"]))
            self.data["keys"][name] = control_data.from_key(keys[-1])
        for kind, gather in (("limits", control_data.limits), ("budgets", control_data.budgets)):
            for found in self._client.pages(f"/{kind}"):
                self.data[kind][found["scope"]] = gather(found[kind])
                self._versions[found["scope"]] = found["version"]

    def carry_out(self, step: Step) -> dict[str, Any] | None:
        """Does one step; the key that was made, if one was. Raises ``StellwerkError``."""
        if step.kind in control_data.ALLOWANCES:
            self._set(step)
            return None
        if step.action == "create":
            return self._create(step.kind, step.name, step.after or {})
        if step.action == "delete":
            self._delete(step.kind, step.name)
        else:
            self._change(step)
        return None

    def _create(self, kind: str, name: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
        lists = {one: list(values.get(one, {}).values()) for one in control_data.ALLOWANCES}
        own = {one: value for one, value in values.items() if one not in control_data.ALLOWANCES}
        made = self._client.make(f"/{kind}", {"name": name, **_as_sent(kind, own), **lists})
        if kind == "keys":
            return made
        self._versions[f"{control_data.singular(kind)}:{name}"] = made["version"]
        return None

    def _change(self, step: Step) -> None:
        before, after = step.before or {}, step.after or {}
        body = _as_sent(step.kind, {name: after[name] for name in after if after[name] != before.get(name)})
        if step.kind == "keys":
            key = self._keys[step.name][-1]
            self._client.change("PATCH", f"/keys/{piece(key['id'])}", body, key["version"])
            return
        scope = f"{control_data.singular(step.kind)}:{step.name}"
        changed = self._client.change("PATCH", f"/{step.kind}/{piece(step.name)}", body, self._versions[scope])
        self._versions[scope] = changed["version"]

    def _delete(self, kind: str, name: str) -> None:
        if kind == "keys":
            for key in self._keys[name]:
                self._client.change("DELETE", f"/keys/{piece(key['id'])}", None, key["version"])
            return
        scope = f"{control_data.singular(kind)}:{name}"
        self._client.change("DELETE", f"/{kind}/{piece(name)}", None, self._versions[scope])

    def _set(self, step: Step) -> None:
        path = f"/{step.kind}/{piece(step.name)}"
        if step.name not in self._versions:
            # It had none when everything was read, so no list said which version it has.
            found = self._client.read(path)
            if found[step.kind]:
                raise StellwerkError("it has changed meanwhile")
            self._versions[step.name] = found["version"]
        body = {step.kind: list((step.after or {}).values())}
        self._versions[step.name] = self._client.change("PUT", path, body, self._versions[step.name])["version"]


def _as_sent(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The admin API calls whom a scope belongs to its parent."""
    parents = control_data.PARENTS.get(kind, ()) if kind != "keys" else ()
    return {"parent" if name in parents else name: value for name, value in values.items()}
