"""Ways out for data in a model's answer: pictures and links whose address carries some, and documents in data URIs.

Whoever shows the answer loads a picture without being asked, and so tells its host whatever is in the address. An
attack that was buried in a retrieved text makes the model write such a thing.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.ports.guardrail import Guardrail

LONG = 24
"""So many characters without a gap in a path, a query or a host name are data rather than a name."""
_ADDRESS = r"[^\s<>()\"']{1,4000}+"
_PICTURES = (
    re.compile(rf"!\[[^\]\n]{{0,300}}+\]\(\s{{0,3}}+<?({_ADDRESS})"),  # ![…](address)
    re.compile(
        rf"<(?:img|iframe|video|audio|source|script|link|object|embed)\b[^>]{{0,300}}?(?:src|href|data)\s?=\s?[\"']?({_ADDRESS})",
        re.IGNORECASE,
    ),
    re.compile(rf"\burl\(\s?[\"']?({_ADDRESS})", re.IGNORECASE),
)
_LINKS = (
    re.compile(rf"(?<!!)\[[^\]\n]{{0,300}}+\]\(\s{{0,3}}+<?({_ADDRESS})"),  # […](address)
    re.compile(rf"(?m)^ {{0,3}}\[[^\]\n]{{1,100}}+\]:[ \t]{{1,3}}<?({_ADDRESS})"),  # [name]: address, also of pictures
    re.compile(rf"<a\b[^>]{{0,300}}?href\s?=\s?[\"']?({_ADDRESS})", re.IGNORECASE),
)
_ACTIVE = re.compile(
    r"(?:data:(?:text/(?:html|xml|javascript)|application/|image/svg)[^\s<>()\"']{0,4000}+|(?:java|vb)script:[^\s<>()\"']{1,1000}+)",
    re.IGNORECASE,
)
_RUN = re.compile(rf"[A-Za-z0-9+/=%_-]{{{LONG},}}+")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``hosts`` may be told anything, and so may hosts below them. With ``links`` those are looked at too."""

    hosts: tuple[str, ...] = ()
    links: bool = True


class ExfiltrationCheck:
    """Looks at every address that an answer makes somebody ask for."""

    __slots__ = ("_hosts", "_links")

    def __init__(self, hosts: tuple[str, ...], *, links: bool) -> None:
        self._hosts = tuple(host.lower().strip(".") for host in hosts)
        self._links = links

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding with every picture and link that carries data."""
        passage = subject.passage
        text = passage.text
        found = [Span(*hit.span(), Threat.PROMPT_ATTACK, 0.9) for hit in _ACTIVE.finditer(text)]
        if "//" in text:
            found += self._spans(text, _PICTURES, 0.9, is_loaded=True)
            found += self._spans(text, _LINKS if self._links else (), 0.7, is_loaded=False)
        if not found:
            return ()
        spans = tuple(Span(*passage.span(span.start, span.end), span.type, span.score) for span in apart(found))
        return (Finding(Threat.PROMPT_ATTACK, max(span.score for span in spans), spans),)

    def _spans(self, text: str, forms: tuple[re.Pattern[str], ...], score: float, *, is_loaded: bool) -> list[Span]:
        return [
            Span(*hit.span(1), Threat.PROMPT_ATTACK, score)
            for form in forms
            for hit in form.finditer(text)
            if self._tells(hit[1], is_loaded=is_loaded)
        ]

    def _tells(self, address: str, *, is_loaded: bool) -> bool:
        """Whether asking for it tells a stranger something. A picture needs no query, a link may have a short one."""
        try:
            parts = urlsplit(address if "//" in address[:10] else f"//{address}")
            host = parts.hostname or ""
        except ValueError:
            return True
        if "//" not in address[:10] or self._is_known(host):
            return False
        told = f"{parts.path}?{parts.query}#{parts.fragment}"
        if is_loaded and parts.query:
            return True
        return _RUN.search(parts.query if not is_loaded else told) is not None or any(
            len(label) >= LONG for label in host.split(".")
        )

    def _is_known(self, host: str) -> bool:
        return any(host == known or host.endswith(f".{known}") for known in self._hosts)


def build(settings: Settings) -> Guardrail:
    """The check."""
    return ExfiltrationCheck(settings.hosts, links=settings.links)
