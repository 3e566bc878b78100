"""Where the platform may connect to: a frozen policy that judges URLs, hosts and addresses without looking anything up.

A destination passes two judges. The host must be listed (in ``allow``, or as the origin of a configured provider) with
its port, and each address that it turns out to have must be public, unless ``private`` pairs the host with its network.
A provider's base URL speaks for itself: a literal address in it, or ``localhost``, permits exactly that address and
port.

``https`` is what URLs use. ``http`` is for a provider's own origin, and for entries that name a port other than 443.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

import msgspec

from stellwerk.core import egress_rules, url
from stellwerk.core.address import bare, is_metadata, objection
from stellwerk.core.egress_rules import ANY, HTTPS
from stellwerk.core.hostname import Address, Host, canonical, literal, shown
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin

LOCALHOST = frozenset({IPv4Address("127.0.0.1"), IPv6Address("::1")})
PROVIDER = "a configured provider's own"
OFF = "egress.mode is off"
UNPAIRED = "and no pair of egress.private permits it"
NOT_PUBLIC = (".alt", ".home.arpa", ".internal", ".local", ".localhost", ".onion")
"""Ends of names that are no public destinations (RFC 6761, 6762, 7686, 8375, 9476; ``.internal`` by ICANN in 2024)."""

Mode = Literal["enforce", "report", "off"]
Listing = frozenset[tuple[str, int]]
"""Hosts in canonical form, or suffixes, each with a port."""


class Decision(msgspec.Struct, frozen=True):
    """Whether a connection may be made, and why, for people."""

    is_allowed: bool
    reason: str
    origin: Origin | None = None
    """Of a URL, in canonical form: whoever was given the URL connects to this and not to the text."""
    address: str = ""
    """What a name resolved to and the decision was denied for."""

    @property
    def word(self) -> Literal["allow", "deny"]:
        """The decision in a word."""
        return "allow" if self.is_allowed else "deny"


class Policy(msgspec.Struct, frozen=True):
    """One version of the policy. Two of the same configuration decide the same, whoever asks and when."""

    mode: Mode = "enforce"
    hosts: Listing = frozenset()
    suffixes: Listing = frozenset()
    any_ports: frozenset[int] = frozenset()
    private: Mapping[str, tuple[IPv4Network | IPv6Network, ...]] = {}
    origins: frozenset[Origin] = frozenset()
    """Of configured providers, in canonical form."""
    own: Listing = frozenset()
    """Hosts and ports of ``origins``."""

    @classmethod
    def of(cls, spec: EgressSpec, origins: Iterable[Origin]) -> Policy:
        """The policy of ``[egress]`` and of the origins that configured providers have.

        Raises ``ValueError`` for entries that are not in the notation. An origin without a usable host permits nothing.
        """
        entries = [egress_rules.entry(text) for text in spec.allow]
        private: dict[str, tuple[IPv4Network | IPv6Network, ...]] = {}
        for pair in map(egress_rules.pair, spec.private):
            private[pair.host] = (*private.get(pair.host, ()), pair.network)
        return cls(
            mode=spec.mode,
            hosts=frozenset((one.host, one.port) for one in entries if not one.host.startswith(ANY)),
            suffixes=frozenset((one.host[2:], one.port) for one in entries if one.host.startswith("*.")),
            any_ports=frozenset(one.port for one in entries if one.host == ANY),
            private=private,
        ).with_origins(origins)

    def with_origins(self, origins: Iterable[Origin]) -> Policy:
        """The same policy with further origins permitted."""
        known = self.origins | {found for found in map(_canonical, origins) if found is not None}
        own = frozenset((origin.host, origin.port) for origin in known)
        return msgspec.structs.replace(self, origins=known, own=own)

    @property
    def for_callers(self) -> Policy:
        """The policy for URLs that callers write: what providers need is not theirs, only what is listed."""
        return msgspec.structs.replace(self, origins=frozenset(), own=frozenset())

    def judge_url(self, text: str) -> Decision:
        """Judges a whole URL; one that is malformed, or that programs read differently, is denied in every mode."""
        try:
            found = url.read(text)
        except ValueError as error:
            return Decision(is_allowed=False, reason=f"malformed: {error}")
        origin = found.origin
        is_allowed, reason = self._judge(found.host, found.port)
        if is_allowed and found.scheme == "http" and not self._may_be_plain(found):
            is_allowed, reason = False, f"http is not allowed to {origin.authority}, only https"
        return Decision(is_allowed, reason, origin)

    def judge_host(self, host: str, port: int) -> Decision:
        """Judges a host (IPv6 without brackets) before anything is resolved."""
        return self.judge_answer(host, (), port)

    def judge_address(self, host: str, address: str, port: int) -> Decision:
        """Judges one address that ``host`` turned out to have, and the host with it."""
        return self.judge_answer(host, (address,), port)

    def judge_answer(self, host: str, addresses: Iterable[str], port: int) -> Decision:
        """Judges everything that ``host`` turned out to be: one address that may not be spoils the answer.

        The reason of a refusal names that address, so it is for operators: a caller would learn of the inside.
        """
        try:
            found = canonical(host)
        except ValueError as error:
            return Decision(is_allowed=False, reason=str(error))
        is_allowed, reason = self._judge(found, port)
        if is_allowed and self.mode != "off":
            for text in addresses:
                # A host that is an address has just been judged as such.
                is_judged = found.address is not None and text == found.text
                refusal = None if is_judged else self._refusal_of(text, found, port)
                if refusal is not None:
                    return Decision(is_allowed=False, reason=refusal, address=text)
        return Decision(is_allowed, reason)

    def _judge(self, host: Host, port: int) -> tuple[bool, str]:
        """The decision on a host, which includes its address where that is the host."""
        if self.mode == "off":
            return True, OFF
        if not host.is_plain:
            return False, f"{host.text} in a spelling that some programs take for something else"
        listed = self._listed(host, port)
        refusal: str | None = None
        if listed is None:
            return False, f"{_authority(host, port)} is not listed"
        if host.address is not None:
            refusal = self._refusal(host.address, host, port)
        elif host.is_localhost and (host.text, port) not in self.own and host.text not in self.private:
            refusal = f"{host.text} is this machine, {UNPAIRED}"
        return refusal is None, refusal or listed

    def _listed(self, host: Host, port: int) -> str | None:
        """By what a host may be connected to, if it may."""
        return PROVIDER if (host.text, port) in self.own else self._entry(host, port)

    def _entry(self, host: Host, port: int) -> str | None:
        name = host.text
        if (name, port) in self.hosts:
            return "listed"
        if host.address is None:
            at = name.find(".")
            while at >= 0:
                suffix = name[at + 1 :]
                if (suffix, port) in self.suffixes:
                    return f"listed as *.{suffix}"
                at = name.find(".", at + 1)
        return "listed as *" if port in self.any_ports and _may_be_public(host) else None

    def _may_be_plain(self, found: url.Url) -> bool:
        if self.mode == "off" or found.origin in self.origins:
            return True
        return found.port != HTTPS and self._entry(found.host, found.port) is not None

    def _refusal_of(self, text: str, host: Host, port: int) -> str | None:
        """Why ``host`` may not be connected to at the address in ``text``, if it may not."""
        found = literal(text)
        if found is None:
            return f"{shown(text)} is no address"
        address = bare(found)
        if host.address is not None and host.address != address:
            return f"{address} is not {host.text}"
        return self._refusal(address, host, port)

    def _refusal(self, address: Address, host: Host, port: int) -> str | None:
        is_own = (host.text, port) in self.own
        if is_own and (host.address is not None or (host.is_localhost and address in LOCALHOST)):
            return None
        reason = objection(address)
        if reason is None and host.is_localhost:
            reason = "not this machine"
        if reason is None or self._is_paired(host, address):
            return None
        return f"{address} is {reason}, {UNPAIRED} for {host.text}"

    def _is_paired(self, host: Host, address: Address) -> bool:
        """Whether a pair permits the address. To a metadata service, which hands out credentials, only one by name."""
        return any(
            address in network and (network.prefixlen == network.max_prefixlen or not is_metadata(address))
            for network in self.private.get(host.text, ())
        )


def _may_be_public(host: Host) -> bool:
    """Whether ``*`` can mean the host: not a name of one label, nor one for private use."""
    if host.address is not None:
        return objection(host.address) is None
    return "." in host.text and not host.text.endswith(NOT_PUBLIC)


def _canonical(origin: Origin) -> Origin | None:
    try:
        host = canonical(origin.host)
    except ValueError:
        return None
    return Origin(origin.scheme, host.text, origin.port) if host.is_plain else None


def _authority(host: Host, port: int) -> str:
    return Origin("https", host.text, port).authority
