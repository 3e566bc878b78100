"""Each check against what it may find: processes, addresses, directories and providers in every condition."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.core.snapshot import Snapshot
from stellwerk.health import checks as subject
from stellwerk.health.checks import PROVIDER, checks
from stellwerk.health.report import Finding, State
from stellwerk.health.run import run
from tests.integration.http.certificates import Authority

TOKEN = "admin-token-0123456789"


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[..., Snapshot]:
    """Compiles a configuration; its state directory exists."""

    def compile_text(text: str = "") -> Snapshot:
        (tmp_path / "state").mkdir(exist_ok=True)
        path = tmp_path / "stellwerk.toml"
        path.write_text("[server]\nworkers = 2\n" + text)
        return compile_file(path)

    return compile_text


def provider(base_url: str) -> str:
    return f'[[providers]]\nname = "north"\nkind = "openai"\nbase_url = "{base_url}"\napi_key = "sk-north"\n'


def look(snapshot: Snapshot, name: str, *, deadline_s: float = 10.0) -> Finding:
    """The finding of one check."""
    optional = [name] if name.startswith(PROVIDER) else []
    (finding,) = run({name: checks(snapshot)[name]}, deadline_s, optional=optional).findings
    return finding


def runs(snapshot: Snapshot, address: str, *, pid: int = 0) -> None:
    """Writes down that a gateway runs there."""
    run_file = Path(snapshot.state.directory) / "run.json"
    run_file.write_text(json.dumps({"pid": pid or os.getpid(), "addresses": {"gateway": address}}))


@contextmanager
def answering(status: int, body: bytes = b"", *, token: str = "") -> Iterator[str]:
    """The address of a server that gives one answer, or 403 to whoever does not show the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_let_in = not token or self.headers["authorization"] == f"Bearer {token}"
            self.send_response(status if is_let_in else 403)
            self.end_headers()
            self.wfile.write(body if is_let_in else b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{httpd.server_address[1]}"
        finally:
            httpd.shutdown()
            thread.join()


def workers(*are_ready: bool) -> bytes:
    return json.dumps({"workers": [{"ready": is_ready} for is_ready in are_ready]}).encode()


def test_what_was_never_started_is_not_running(snapshot: Callable[..., Snapshot]) -> None:
    for name in ("process", "gateway", "workers"):
        finding = look(snapshot(), name)
        assert (finding.state, finding.detail) == (State.FAIL, "not running: start it with `stellwerk up`")


def test_a_process_that_runs_is_ok(snapshot: Callable[..., Snapshot]) -> None:
    runs(snapshot(), "127.0.0.1:1")
    assert look(snapshot(), "process").state is State.OK


def test_a_process_that_left_its_run_file_behind_has_failed(snapshot: Callable[..., Snapshot]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    runs(snapshot(), "127.0.0.1:1", pid=gone.pid)
    finding = look(snapshot(), "process")
    assert (finding.state, finding.detail) == (State.FAIL, f"process {gone.pid} is gone without having said so")


def test_another_users_process_is_one_that_runs(
    snapshot: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    runs(snapshot(), "127.0.0.1:1")
    monkeypatch.setattr(os, "kill", deny)
    assert look(snapshot(), "process").state is State.OK


def test_a_run_file_that_is_no_json_is_told(snapshot: Callable[..., Snapshot]) -> None:
    (Path(snapshot().state.directory) / "run.json").write_text("{")
    assert look(snapshot(), "process").state is State.FAIL


@pytest.mark.parametrize(
    ("status", "body", "state", "detail"),
    [
        (200, b"ready\n", State.OK, "ready"),
        (503, b"not ready\n", State.FAIL, "not ready: HTTP 503 not ready"),
        (404, b"\xff", State.FAIL, "not ready: HTTP 404 \ufffd"),
    ],
)
def test_the_gateway_says_whether_it_is_ready(
    snapshot: Callable[..., Snapshot], status: int, body: bytes, state: State, detail: str
) -> None:
    with answering(status, body) as address:
        runs(snapshot(), address)
        finding = look(snapshot(), "gateway")
    assert (finding.state, finding.detail) == (state, detail)


def test_whoever_does_not_speak_http_is_not_the_gateway(snapshot: Callable[..., Snapshot]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mailer:

        def greet() -> None:
            connection, _ = mailer.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        runs(snapshot(), f"127.0.0.1:{mailer.getsockname()[1]}")
        finding = look(snapshot(), "gateway")
        thread.join()
    assert (finding.state, finding.detail) == (State.FAIL, "no valid HTTP answer: BadStatusLine")


@pytest.mark.parametrize("listened", ["0.0.0.0", "127.0.0.1", "localhost"])
def test_an_address_that_stands_for_all_is_asked_on_loopback(snapshot: Callable[..., Snapshot], listened: str) -> None:
    with answering(200, b"ready\n") as address:
        runs(snapshot(), f"{listened}:{address.rpartition(':')[2]}")
        assert look(snapshot(), "gateway").state is State.OK


@pytest.mark.parametrize("host", ["[::1]", "[::]"])
def test_an_ipv6_address_is_asked(snapshot: Callable[..., Snapshot], host: str) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        runs(snapshot(), f"{host}:{server.getsockname()[1]}")
        assert look(snapshot(), "gateway").state is State.OK
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "state", "detail"),
    [
        (200, workers(True, True), State.OK, "2 of 2 ready"),
        (200, workers(True, False), State.WARN, "1 of 2 ready"),
        (200, workers(True), State.WARN, "1 of 2 ready"),
        (503, workers(False, False), State.FAIL, "0 of 2 ready"),
        (200, b"{}", State.FAIL, "0 of 2 ready"),
        (500, b"", State.FAIL, "HTTP 500"),
    ],
)
def test_the_workers_are_counted(
    snapshot: Callable[..., Snapshot], status: int, body: bytes, state: State, detail: str
) -> None:
    with answering(status, body) as address:
        runs(snapshot(), address)
        finding = look(snapshot(), "workers")
    assert (finding.state, finding.detail) == (state, detail)


def test_the_admin_token_opens_the_health_page_of_a_gateway_on_another_address(
    snapshot: Callable[..., Snapshot],
) -> None:
    with answering(200, workers(True, True), token=TOKEN) as address:
        own = snapshot(f'[admin]\ntoken = "{TOKEN}"\n')
        runs(own, address)
        assert look(own, "workers").state is State.OK


def test_a_health_page_that_is_closed_to_us_is_no_failure_of_the_gateway(snapshot: Callable[..., Snapshot]) -> None:
    with answering(200, workers(True, True), token=TOKEN) as address:
        runs(snapshot(), address)
        assert look(snapshot(), "workers").state is State.WARN


def test_a_state_directory_that_can_be_written_is_ok(snapshot: Callable[..., Snapshot]) -> None:
    finding = look(snapshot(), "state")
    assert finding.state in {State.OK, State.WARN}  # how full this disk is, is not ours to say
    assert finding.detail.endswith(f"free in {snapshot().state.directory}")


def test_a_state_directory_that_is_not_there_has_failed(snapshot: Callable[..., Snapshot]) -> None:
    own = snapshot()
    Path(own.state.directory).rmdir()
    finding = look(own, "state")
    assert (finding.state, finding.detail) == (State.FAIL, f"{own.state.directory} cannot be written")


@pytest.mark.parametrize(("limit", "state"), [(1, State.OK), (2**80, State.WARN)])
def test_little_space_is_a_warning(
    snapshot: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch, limit: int, state: State
) -> None:
    monkeypatch.setattr(subject, "LITTLE_SPACE_BYTES", limit)
    assert look(snapshot(), "state").state is state


def test_a_provider_without_an_address_in_the_file_is_not_looked_for(snapshot: Callable[..., Snapshot]) -> None:
    own = snapshot(
        '[[providers]]\nname = "groq"\nkind = "compatible"\nhost = "groq"\napi_key = "gsk-0123456789abcdef"\n'
    )
    assert set(checks(own)) == {"process", "gateway", "workers", "state"}


def test_a_provider_that_takes_connections_is_ok(snapshot: Callable[..., Snapshot]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = look(snapshot(provider(f"http://127.0.0.1:{port}/v1")), "provider north")
    assert (finding.state, finding.detail) == (State.OK, f"127.0.0.1:{port} answers")


def test_a_provider_that_refuses_is_a_warning(snapshot: Callable[..., Snapshot]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        finding = look(snapshot(provider(f"http://127.0.0.1:{port}/v1")), "provider north")
    assert finding.state is State.WARN
    assert finding.detail.startswith(f"127.0.0.1:{port} cannot be reached: ")


@pytest.mark.parametrize(("mode", "is_refused"), [("enforce", True), ("report", False), ("off", False)])
def test_a_provider_that_the_egress_policy_refuses_is_a_warning_with_the_reason(
    snapshot: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch, mode: str, is_refused: bool
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **named: look_up("127.0.0.1", *rest, **named))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rules = f'[egress]\nmode = "{mode}"\n'
        finding = look(snapshot(rules + provider(f"http://models.test:{port}/v1")), "provider north")
    assert finding.state is (State.WARN if is_refused else State.OK)
    assert ("is refused by the egress policy: 127.0.0.1 is loopback" in finding.detail) is is_refused


def test_a_provider_that_takes_too_long_is_a_warning_too(snapshot: Callable[..., Snapshot]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = snapshot(provider(f"https://127.0.0.1:{silent.getsockname()[1]}/v1"))
        finding = look(own, "provider north", deadline_s=0.1)
        with silent.accept()[0] as connection:  # ssl leaves a socket open that is reset before its handshake begins
            connection.settimeout(20)
            assert connection.recv(1)
    assert finding.state is State.WARN


@contextmanager
def secured(folder: Path, authority: Authority) -> Iterator[int]:
    """The port of a TLS server that answers handshakes and nothing else."""
    certificate, key = authority.issue("localhost")
    (folder / "server.pem").write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake_hands() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    return

        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_provider_with_a_trusted_certificate_is_ok(
    snapshot: Callable[..., Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.save(tmp_path)))
    with secured(tmp_path, authority) as port:
        finding = look(snapshot(provider(f"https://localhost:{port}/v1")), "provider north")
    assert finding.state is State.OK
    assert finding.detail == f"localhost:{port} answers with TLSv1.3"


def test_a_provider_with_a_strangers_certificate_is_a_warning(
    snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    with secured(tmp_path, Authority()) as port:
        finding = look(snapshot(provider(f"https://localhost:{port}/v1")), "provider north")
    assert finding.state is State.WARN
    assert "CERTIFICATE_VERIFY_FAILED" in finding.detail


def test_a_gateway_in_tls_is_asked_in_tls(snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    certificate, key = Authority().issue("gateway.example.com")
    (tmp_path / "chain.pem").write_text(certificate)
    (tmp_path / "key.pem").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    own = snapshot('tls = { certificate = "file:chain.pem", key = "file:key.pem" }\n')
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen: list[Any] = []

        def answer() -> None:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as encrypted:
                seen.append(encrypted.recv(1_000))
                encrypted.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nready\n")

        thread = threading.Thread(target=answer)
        thread.start()
        runs(own, f"127.0.0.1:{server.getsockname()[1]}")
        finding = look(own, "gateway")
        thread.join()
    assert finding.state is State.OK
    assert seen[0].startswith(b"GET /readyz HTTP/1.1\r\n")
