"""Encryption on both sides, and addresses of the newer kind."""

import signal
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import CONNECTIONS, Load, ask, connect, get, statuses
from tests.e2e.kit import WEB, Gateway, model, provider, server, stellwerk, up
from tests.integration.http.certificates import Authority

TLS = '{ certificate = "file:server.pem", key = "file:server.key" }'


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Whose certificates the callers trust."""
    return Authority()


def trusting(authority: Authority) -> ssl.SSLContext:
    """A caller's context that trusts this authority alone."""
    return ssl.create_default_context(cadata=authority.pem)


def install(folder: Path, authority: Authority) -> int:
    """Puts a new certificate for localhost and its key in place; gives its serial number."""
    certificate, key = authority.issue("localhost")
    (folder / "server.pem").write_text(certificate)
    (folder / "server.key").write_text(key)
    return x509.load_pem_x509_certificate(certificate.encode()).serial_number


def local(gateway: Gateway) -> str:
    """The gateway's address by the name in its certificate."""
    return f"localhost:{gateway.port}"


def serials(gateway: Gateway, authority: Authority) -> set[int]:
    """The serial numbers of the certificates that the workers show."""
    found = set()
    for _ in range(CONNECTIONS):
        connection = connect(local(gateway), tls=trusting(authority))
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert(binary_form=True)
        assert shown is not None
        found.add(x509.load_der_x509_certificate(shown).serial_number)
        connection.close()
    return found


def test_callers_and_providers_are_spoken_to_in_tls(north: Simulator, authority: Authority, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.mkdir()
    install(inner, authority)
    outer.mkdir()
    trust = {"SSL_CERT_FILE": str(authority.save(tmp_path))}
    secured = (server(tls=TLS), provider("north", north.base_url), model("gpt-4.1", "north"), WEB)
    with up(inner, *secured) as provided:
        before = provider("secured", f"https://{local(provided)}/v1", key="env:WEB_KEY")
        with up(outer, server(), before, model("smart", "secured"), WEB, environment=trust) as gateway:
            answer = ask(gateway.address)
            assert answer.status == 200
            assert answer.headers["x-stellwerk-provider"] == "secured"
        with up(outer, server(), before, model("smart", "secured"), WEB) as gateway:
            answer = ask(gateway.address)
            assert answer.status == 502
            assert "certificate" in answer.json["error"]["message"].lower()
        assert ask(local(provided), model="gpt-4.1", tls=trusting(authority)).status == 200
        healthy = stellwerk(inner, "health")
        assert healthy.returncode == 0, healthy.stdout + healthy.stderr


def test_a_certificate_is_rotated_by_a_reload_without_a_failed_request(
    north: Simulator, authority: Authority, tmp_path: Path
) -> None:
    first = install(tmp_path, authority)
    sections = (server(tls=TLS), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *sections) as gateway:
        address, context = local(gateway), trusting(authority)
        assert serials(gateway, authority) == {first}
        with Load(lambda: ask(address, tls=context).status, callers=2) as load:
            gateway.until(lambda: len(load.attempts) > 5)
            second = install(tmp_path, authority)
            gateway.signal(signal.SIGHUP)
            gateway.until(lambda: serials(gateway, authority) == {second}, "the old certificate is still shown")
        assert load.failures == []


def test_a_certificate_without_its_key_is_refused_and_the_old_one_stays(
    north: Simulator, authority: Authority, tmp_path: Path
) -> None:
    first = install(tmp_path, authority)
    sections = (server(tls=TLS), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *sections, expected=("reload_refused",)) as gateway:
        (tmp_path / "server.pem").write_text(authority.issue("localhost")[0])
        gateway.signal(signal.SIGHUP)
        assert "server.tls" in "\n".join(gateway.event("reload_refused")["problems"])
        assert serials(gateway, authority) == {first}
        assert statuses(local(gateway), tls=trusting(authority)) == {200}


def test_a_certificate_without_its_key_ends_the_start_with_the_reason(authority: Authority, tmp_path: Path) -> None:
    install(tmp_path, authority)
    (tmp_path / "server.pem").write_text(authority.issue("localhost")[0])
    (tmp_path / "stellwerk.toml").write_text(server(tls=TLS) + WEB)
    done = stellwerk(tmp_path, "up")
    assert done.returncode == 1
    assert "server.tls: certificate and key do not work" in done.stderr


def test_it_listens_on_an_ipv6_address(north: Simulator, tmp_path: Path) -> None:
    with up(
        tmp_path, server(listen="[::1]:0"), provider("north", north.base_url), model("smart", "north"), WEB
    ) as gateway:
        assert gateway.address.startswith("[::1]:")
        assert statuses(gateway.address) == {200}
        assert get(gateway.address, "/healthz?full").status == 200
        assert stellwerk(tmp_path, "health").returncode == 0
