"""Who is really calling, when proxies stand in between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from stellwerk.http.fields import Headers

_FORWARDING = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")


def client_address(
    peer: str, headers: Headers, trusted: Sequence[IPv4Network | IPv6Network]
) -> IPv4Address | IPv6Address | None:
    """The caller's address: the nearest one in X-Forwarded-For that is not a trusted proxy's own.

    Only a trusted peer's header is believed, and only as far back as trusted proxies wrote it; ``None`` when it cannot
    be told (a Unix socket, or a header that is not a list of addresses).
    """
    address = _parse(peer)
    told = headers.get(b"x-forwarded-for")
    if address is None or told is None or not _is_trusted(address, trusted):
        return address
    address = None
    for hop in reversed(told.split(b",")):
        text = hop.strip().decode("ascii", "replace")
        if not text:
            continue
        address = _parse(text)
        if address is None or not _is_trusted(address, trusted):
            return address
    return address


def is_local(peer: str, headers: Headers, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether the caller sits on this host. A peer on loopback that forwards for someone else is no proof of it."""
    address = client_address(peer, headers, trusted)
    if address is None or not address.is_loopback:
        return False
    own = _parse(peer)
    if b"x-forwarded-for" in headers and own is not None and _is_trusted(own, trusted):
        return True
    return not any(name in headers for name in _FORWARDING)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped if mapped is not None else address


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in trusted)
