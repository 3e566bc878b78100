"""Which addresses are public, and what the others are for; pure, from tables of our own.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (of 2024-10-22), the IANA IPv6 Address Space registry
(unicast is assigned from 2000::/3 alone), and what clouds document of their metadata services. The tables are our own
because Python's change with its patch releases and let a dozen kinds through (NAT64, 6to4, site-local, …).

The rule is narrower than "globally reachable": anycast services of the network's own (AS112, AMT, 6to4 relays) are
reachable, yet no destination that anybody has a reason to send prompts to.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from stellwerk.core.hostname import Address

_METADATA = {
    "169.254.169.254": "AWS, Azure, Google Cloud and most others",
    "169.254.170.2": "AWS ECS, credentials of a task",
    "169.254.170.23": "AWS EKS, credentials of a pod",
    "169.254.0.23": "Tencent Cloud",
    "169.254.169.253": "AWS, name service",
    "100.100.100.200": "Alibaba Cloud",
    "168.63.129.16": "Azure, agent of the host; lies in public space",
    "192.0.0.192": "Oracle Cloud, classic",
    "fd00:ec2::254": "AWS",
    "fd00:ec2::23": "AWS EKS, credentials of a pod",
    "fd00:ec2::253": "AWS, name service",
    "fd20:ce::254": "Google Cloud",
    "fd00:42::42": "Scaleway",
}
"""Where a cloud hands out credentials and facts about the machine."""

# The first row that fits is the reason, so special cases stand above what they lie in.
_VERSION_4 = {
    "0.0.0.0/32": "unspecified",
    "0.0.0.0/8": "of this network",  # RFC 791; Linux takes it for loopback
    "10.0.0.0/8": "private",  # RFC 1918
    "100.64.0.0/10": "carrier-grade NAT",  # RFC 6598
    "127.0.0.0/8": "loopback",  # RFC 1122
    "169.254.0.0/16": "link-local",  # RFC 3927
    "172.16.0.0/12": "private",  # RFC 1918
    "192.0.0.0/24": "of protocol assignments",  # RFC 6890
    "192.0.2.0/24": "for documentation",  # RFC 5737
    "192.31.196.0/24": "anycast of AS112",  # RFC 7535
    "192.52.193.0/24": "anycast of AMT",  # RFC 7450
    "192.88.99.0/24": "a 6to4 relay",  # RFC 7526, deprecated
    "192.168.0.0/16": "private",  # RFC 1918
    "192.175.48.0/24": "anycast of AS112",  # RFC 7534
    "198.18.0.0/15": "for benchmarking",  # RFC 2544
    "198.51.100.0/24": "for documentation",  # RFC 5737
    "203.0.113.0/24": "for documentation",  # RFC 5737
    "224.0.0.0/4": "multicast",  # RFC 5771
    "255.255.255.255/32": "broadcast",  # RFC 8190
    "240.0.0.0/4": "reserved",  # RFC 1112
}
_VERSION_6 = {
    "::/128": "unspecified",  # RFC 4291
    "::1/128": "loopback",  # RFC 4291
    "::/96": "IPv4-compatible",  # RFC 4291, deprecated
    "::ffff:0:0:0/96": "IPv4-translated",  # RFC 2765
    "64:ff9b:1::/48": "of a local NAT64",  # RFC 8215
    "100::/64": "discard-only",  # RFC 6666
    "2001::/32": "Teredo",  # RFC 4380
    "2001:2::/48": "for benchmarking",  # RFC 5180
    "2001:10::/28": "ORCHID",  # RFC 4843, deprecated
    "2001:20::/28": "ORCHID",  # RFC 7343
    "2001::/23": "of protocol assignments",  # RFC 2928
    "2001:db8::/32": "for documentation",  # RFC 3849
    "2002::/16": "6to4",  # RFC 3056
    "2620:4f:8000::/48": "anycast of AS112",  # RFC 7534
    "3ffe::/16": "of the former 6bone",  # RFC 3701
    "3fff::/20": "for documentation",  # RFC 9637
    "5f00::/16": "a segment routing identifier",  # RFC 9602
    "fc00::/7": "unique local",  # RFC 4193
    "fe80::/10": "link-local",  # RFC 4291
    "fec0::/10": "site-local",  # RFC 3879, deprecated
    "ff00::/8": "multicast",  # RFC 4291
}

Rows: TypeAlias = tuple[tuple[int, int, str], ...]
"""Mask, network and reason."""


def objection(address: Address) -> str | None:
    """Why an address is not public, to be read after "it is"; ``None`` when it is.

    An IPv6 address that carries an IPv4 address is what that one is; where the carrier itself is no public destination
    either (6to4, Teredo, …), both are told.
    """
    if is_metadata(address):
        return "a cloud's metadata service"
    if isinstance(address, IPv4Address):
        return _reason(_ROWS_4, int(address))
    if address.scope_id is not None:
        return "bound to one link by a scope id"
    value = int(address)
    carried = carried_version_4(address)
    if value >> 32 in _TRANSPARENT and carried is not None:
        return objection(carried)
    reason = _reason(_ROWS_6, value)
    if reason is None and value >> 125 != 1:
        reason = "outside of global unicast (2000::/3)"
    inner = None if carried is None else objection(carried)
    if inner is None:
        return reason
    return f"{reason or 'ISATAP'} for {carried}, which is {inner}"


def is_metadata(address: Address) -> bool:
    """Whether a cloud's metadata service answers there, under whichever spelling of the address."""
    if isinstance(address, IPv4Address):
        return int(address) in _METADATA_4
    carried = carried_version_4(address)
    return int(address) in _METADATA_6 or (carried is not None and int(carried) in _METADATA_4)


def bare(address: Address) -> Address:
    """The IPv4 address where an IPv4-mapped one says the same: to the kernel the two are one destination."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def carried_version_4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one, for each way of carrying one that can be recognised."""
    value = int(address)
    low = value & 0xFFFF_FFFF
    if value >> 32 in _LAST_32_BITS and value > 1:
        return IPv4Address(low)
    if value >> 112 == 0x2002:
        return IPv4Address(value >> 80 & 0xFFFF_FFFF)
    if value >> 96 == 0x2001_0000:
        return IPv4Address(low ^ 0xFFFF_FFFF)
    if value >> 80 == 0x64_FF9B_0001 or value >> 32 & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(low)
    return None


def _rows(table: dict[str, str], network: type[IPv4Network | IPv6Network]) -> Rows:
    networks = [(network(block), reason) for block, reason in table.items()]
    return tuple((int(block.netmask), int(block.network_address), reason) for block, reason in networks)


def _reason(rows: Rows, value: int) -> str | None:
    for mask, network, reason in rows:
        if value & mask == network:
            return reason
    return None


_ROWS_4 = _rows(_VERSION_4, IPv4Network)
_ROWS_6 = _rows(_VERSION_6, IPv6Network)
_METADATA_4 = frozenset(int(IPv4Address(text)) for text in _METADATA if ":" not in text)
_METADATA_6 = frozenset(int(IPv6Address(text)) for text in _METADATA if ":" in text)
_TRANSPARENT = frozenset({0xFFFF, 0x64_FF9B << 64})
"""Upper 96 bits of addresses that reach just what they carry: IPv4-mapped, and NAT64's well-known prefix (RFC 6052)."""
_LAST_32_BITS = _TRANSPARENT | {0, 0xFFFF_0000}
"""The same with IPv4-compatible and IPv4-translated ones."""
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""Bits 64 to 95 of ISATAP's interface identifiers (RFC 5214)."""
