"""The notation of the egress policy: entries of ``allow`` and pairs of ``private``."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from stellwerk.core.hostname import Host, literal
from stellwerk.core.url import split_host

ANY = "*"
HTTPS = 443


class Entry(msgspec.Struct, frozen=True):
    """One entry of ``allow``: a host's canonical text, ``*.suffix`` or ``*``, and the port that it holds for."""

    host: str
    port: int = HTTPS

    def __str__(self) -> str:
        """The entry in its canonical notation."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS else f"{host}:{self.port}"


class Pair(msgspec.Struct, frozen=True):
    """One pair of ``private``: the host may have addresses of the network although they are not public."""

    host: str
    network: IPv4Network | IPv6Network

    def __str__(self) -> str:
        """The pair in its canonical notation."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}={self.network}"


def entry(text: str) -> Entry:
    """The entry that ``text`` is. Raises ``ValueError`` with what was expected instead."""
    expected = 'a host, "*.suffix", an address or "*", with ":port" where that is not 443'
    if text == ANY or text.startswith(f"{ANY}:"):
        _, port = _split(f"any{text[1:]}", expected)
        return Entry(ANY, port or HTTPS)
    is_suffix = text.startswith("*.")
    host, port = _split(text.removeprefix("*."), expected)
    if not is_suffix:
        return Entry(host.text, port or HTTPS)
    if host.address is not None:
        raise ValueError(expected)
    return Entry(f"*.{host.text}", port or HTTPS)


def pair(text: str) -> Pair:
    """The pair that ``text`` is. Raises ``ValueError`` with what was expected instead."""
    expected = 'a pair "host=network" such as "models.internal=10.0.0.0/24"'
    left, _, right = text.partition("=")
    host, port = _split(left, expected)
    try:
        network = ip_network(right)
    except ValueError:
        raise ValueError(_whole(right, expected)) from None
    if port is not None:
        raise ValueError(f"{expected}, without a port")
    if host.address is not None and host.address not in network:
        raise ValueError(f"{expected}; the network must hold the address that is the host")
    return Pair(host.text, network)


def canonical_entry(text: str) -> str:
    """An entry of ``allow`` in canonical notation. Raises ``ValueError`` with what was expected instead."""
    return str(entry(text))


def canonical_pair(text: str) -> str:
    """A pair of ``private`` in canonical notation. Raises ``ValueError`` with what was expected instead."""
    return str(pair(text))


def _whole(network: str, expected: str) -> str:
    """What was expected where ``network`` is none: the one around it, if it has bits set behind its prefix."""
    try:
        meant = ip_network(network, strict=False)
    except ValueError:
        return expected
    return f"{expected}, with no bit of the network set behind its prefix, here {meant}"


def _split(text: str, expected: str) -> tuple[Host, int | None]:
    is_bare_version_6 = ":" in text and literal(text) is not None
    try:
        host, port = split_host(f"[{text}]" if is_bare_version_6 else text)
    except ValueError:
        raise ValueError(expected) from None
    if not host.is_plain:
        raise ValueError(f"{expected}; an address is written plainly, here {host.text}")
    return host, port
