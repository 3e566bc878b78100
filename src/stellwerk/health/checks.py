"""The checks of an installation on one host.

Whatever is away shows as a finding: a check never raises past its own line of the report.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stellwerk.config.references import resolve
from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec, Snapshot
from stellwerk.core.wire import Origin
from stellwerk.health.report import State
from stellwerk.health.run import Check

PROVIDER = "provider "
"""How the names of checks of providers begin: one of them that fails or is late never makes a gateway unwell."""
TIMEOUT_S = 4.0
LITTLE_SPACE_BYTES = 1_073_741_824
_PORTS = {"http": 80, "https": 443}


def checks(snapshot: Snapshot) -> dict[str, Check]:
    """Everything that can be looked at from the configuration and its state directory."""
    directory = Path(snapshot.state.directory)
    found: dict[str, Check] = {
        "process": functools.partial(_process, directory),
        "gateway": functools.partial(_gateway, directory, snapshot),
        "workers": functools.partial(_workers, directory, snapshot),
        "state": functools.partial(_state, directory),
    }
    for provider in snapshot.providers:
        base_url = provider.options.get("base_url")
        if isinstance(base_url, str) and base_url:
            found[f"{PROVIDER}{provider.name}"] = functools.partial(_reachable, base_url, snapshot.egress)
    return found


def _process(directory: Path) -> tuple[State, str]:
    pid = _running(directory)["pid"]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return State.FAIL, f"process {pid} is gone without having said so"
    except PermissionError:
        pass
    return State.OK, f"process {pid} is running"


def _gateway(directory: Path, snapshot: Snapshot) -> tuple[State, str]:
    status, body = _get(_address(directory), "/readyz", snapshot)
    if status == 200:
        return State.OK, "ready"
    return State.FAIL, f"not ready: HTTP {status} {body[:100].decode('utf-8', 'replace').strip()}"


def _workers(directory: Path, snapshot: Snapshot) -> tuple[State, str]:
    status, body = _get(_address(directory), "/healthz?full", snapshot)
    if status == 403:
        return State.WARN, "only its own host or the admin token may look, and this is neither"
    if status not in {200, 503}:
        return State.FAIL, f"HTTP {status}"
    workers: list[dict[str, Any]] = json.loads(body).get("workers", [])
    ready = [worker for worker in workers if worker.get("ready")]
    wanted = snapshot.server.workers
    detail = f"{len(ready)} of {wanted} ready"
    if len(ready) < wanted:
        return (State.WARN if ready else State.FAIL), detail
    return State.OK, detail


def _state(directory: Path) -> tuple[State, str]:
    if not os.access(directory, os.W_OK):
        return State.FAIL, f"{directory} cannot be written"
    free = shutil.disk_usage(directory).free
    detail = f"{free / 1e9:.1f} GB free in {directory}"
    return (State.WARN if free < LITTLE_SPACE_BYTES else State.OK), detail


def _reachable(base_url: str, egress: EgressSpec) -> tuple[State, str]:
    """A provider that cannot be reached is a warning: it never makes the gateway unready."""
    url = urlsplit(base_url)
    host, port = url.hostname or "", url.port or _PORTS.get(url.scheme, 443)
    policy = Policy.of(egress, [Origin(url.scheme, host, port)])
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        decision = policy.judge_answer(host, [str(entry[4][0]) for entry in found], port)
        if policy.mode == "enforce" and not decision.is_allowed:
            return State.WARN, f"{host}:{port} is refused by the egress policy: {decision.reason}"
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as plain:
            if url.scheme == "https":
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured:
                    return State.OK, f"{host}:{port} answers with {secured.version()}"
    except OSError as error:
        return State.WARN, f"{host}:{port} cannot be reached: {error}"
    return State.OK, f"{host}:{port} answers"


def _running(directory: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((directory / "run.json").read_text())
    except FileNotFoundError:
        raise ValueError("not running: start it with `stellwerk up`") from None
    return found


def _address(directory: Path) -> str:
    return str(_running(directory)["addresses"]["gateway"])


def _get(address: str, path: str, snapshot: Snapshot) -> tuple[int, bytes]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection: http.client.HTTPConnection
    if snapshot.server.tls is not None:
        context = ssl.create_default_context()
        context.check_hostname = False  # it is our own process, found by its own state file
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, int(port), timeout=TIMEOUT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
    try:
        token = snapshot.admin.token
        headers = {"authorization": f"Bearer {resolve(token)}"} if token is not None and path != "/readyz" else {}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(1_000_000)
    except http.client.HTTPException as error:
        raise ValueError(f"no valid HTTP answer: {type(error).__name__}") from None
    finally:
        connection.close()
