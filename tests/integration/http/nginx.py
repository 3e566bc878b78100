"""A real nginx in front of a front, as a plain proxy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.integration.http.application import listener
from tests.integration.http.caller import calling

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
START_S = 10.0

_CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  client_header_timeout 3s;
  client_body_timeout 3s;
  lingering_timeout 1s;
  upstream front {{ server 127.0.0.1:{front}; keepalive 16; }}
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Connection $connection;
  add_header X-Connection $connection always;
  {servers}
}}
"""
_SERVER = "server {{ listen 127.0.0.1:{port}; {options} location / {{ proxy_pass http://front; }} }}"
_OWN_CONNECTION = 'proxy_set_header Connection "";'
_THEIR_CONNECTION = (
    "proxy_set_header X-Connection $connection; proxy_set_header Host $http_host;"
    " proxy_set_header Connection $http_connection; proxy_set_header Upgrade $http_upgrade;"
)
KINDS = {
    "plain": _OWN_CONNECTION,
    "unbuffered": f"{_OWN_CONNECTION} proxy_request_buffering off;",
    "permissive": f"{_OWN_CONNECTION} ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;",
    "offering": f"{_THEIR_CONNECTION} proxy_request_buffering off;",
}
"""Ways in which people set it up: a port each."""
_COMMON = "proxy_set_header X-Connection $connection; proxy_set_header Host $http_host;"


@contextlib.asynccontextmanager
async def proxying(front: int) -> AsyncIterator[dict[str, int]]:
    """An nginx in front of the port ``front``: its own ports by kind."""
    assert NGINX is not None
    ports = {}
    for kind in KINDS:
        with listener() as bound:
            ports[kind] = bound.getsockname()[1]
    servers = "\n  ".join(
        _SERVER.format(
            port=ports[kind], options=options if options.startswith(_THEIR_CONNECTION) else _COMMON + options
        )
        for kind, options in KINDS.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        user = "user root;" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(folder=folder, user=user, front=front, servers=servers)
        path = _written(Path(folder, "nginx.conf"), text)
        log = Path(folder, "error.log")
        process = await asyncio.create_subprocess_exec(
            NGINX, "-c", path, "-p", folder, "-e", log, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await asyncio.gather(*(_reachable(port) for port in ports.values()))
            yield ports
        finally:
            process.terminate()
            await process.wait()


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="ascii")
    return path


async def _reachable(port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                async with calling(port):
                    return
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
