"""What callers were sent, byte for byte: a provider's key must never be among it."""

from __future__ import annotations

SECRET = b"upstream-secret"


def provider_key(name: str) -> str:
    """The key under which the gateway asks the provider of that name. It looks like no provider's real one."""
    return f"{SECRET.decode()}-{name}"


def assert_no_secret(data: bytes) -> None:
    """Fails when a provider's key can be read in ``data``, whole or in part."""
    assert SECRET not in data.lower()
