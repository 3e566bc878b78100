"""TLS contexts for both sides."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from pathlib import Path


def client_context() -> ssl.SSLContext:
    """For connections to providers: system roots (or ``SSL_CERT_FILE``), verified names, TLS 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """For callers, from PEM texts of the certificate chain and its key. Raises ``ssl.SSLError`` on a bad pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, certificate, key)
    return context


def load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Gives ``context`` a certificate for handshakes from now on. Raises ``ssl.SSLError`` on a bad pair."""
    with tempfile.TemporaryDirectory() as folder:
        # OpenSSL's loader takes files only; the folder is private (0700) and gone before anyone connects.
        chain, private = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_text(certificate)
        private.touch(mode=0o600)
        private.write_text(key)
        # A password is never asked for: an encrypted key is refused like any other that does not work.
        context.load_cert_chain(chain, private, password=b"")


def certificate_until(transport: asyncio.BaseTransport) -> float | None:
    """When the certificate of a connection's peer expires (Unix seconds); ``None`` where nothing is encrypted."""
    certificate = transport.get_extra_info("peercert")
    return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None
