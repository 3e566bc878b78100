"""Secrets in a text: keys of providers and clouds, private keys, signed tokens, URLs with credentials.

Each is known by its form. Random-looking words are never taken for secrets: code and hashes are full of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.reading import place

ACTION = "mask"
"""What becomes of what is found where nothing else is said."""

_WORD = "[A-Za-z0-9_-]"
PATTERNS = (
    ("sk-", re.compile(rf"sk-(?<![\w-]...)(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?{_WORD}{{20,300}}+")),
    ("AKIA", re.compile(r"AKIA(?<!\w....)[0-9A-Z]{16}(?!\w)")),
    ("ASIA", re.compile(r"ASIA(?<!\w....)[0-9A-Z]{16}(?!\w)")),
    (
        "aws_secret",
        re.compile(r"aws_secret_access_key[\"']?\s{0,3}[=:]\s{0,3}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"),
    ),
    ("AIza", re.compile(rf"AIza(?<!\w....){_WORD}{{35}}(?!\w)")),
    ("GOCSPX-", re.compile(rf"GOCSPX-{_WORD}{{28}}(?!\w)")),
    ("ya29.", re.compile(rf"ya29\.{_WORD}{{20,400}}+")),
    ("AccountKey=", re.compile(r"AccountKey=[A-Za-z0-9/+]{86}==")),
    ("gh", re.compile(r"gh[pousr]_(?<!\w....)[A-Za-z0-9]{36,251}+")),
    ("github_pat_", re.compile(r"github_pat_[A-Za-z0-9_]{82}(?!\w)")),
    ("glpat-", re.compile(rf"glpat-{_WORD}{{20,64}}+")),
    ("xox", re.compile(r"xox[abeoprs]-[A-Za-z0-9-]{10,200}+")),
    ("hooks.slack.com", re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{20,32}+")),
    ("k_live_", re.compile(r"[sr]k_live_[A-Za-z0-9]{16,128}+")),
    ("whsec_", re.compile(r"whsec_[A-Za-z0-9+/]{24,80}+")),
    ("SG.", re.compile(rf"SG\.{_WORD}{{22}}\.{_WORD}{{43}}(?!\w)")),
    ("hf_", re.compile(r"hf_(?<!\w...)[A-Za-z]{34}(?!\w)")),
    ("gsk_", re.compile(r"gsk_(?<!\w....)[A-Za-z0-9]{40,64}+")),
    ("xai-", re.compile(r"xai-(?<![\w-]....)[A-Za-z0-9]{64,100}+")),
    ("pplx-", re.compile(r"pplx-(?<![\w-].....)[A-Za-z0-9]{40,64}+")),
    ("npm_", re.compile(r"npm_(?<!\w....)[A-Za-z0-9]{36}(?!\w)")),
    ("pypi-", re.compile(rf"pypi-AgE{_WORD}{{50,400}}+")),
    ("hvs.", re.compile(rf"hvs\.{_WORD}{{24,200}}+")),
    ("dop_v1_", re.compile(r"dop_v1_[0-9a-f]{64}")),
    ("eyJ", re.compile(rf"eyJ(?<![\w-]...){_WORD}{{8,2000}}+\.eyJ{_WORD}{{8,4000}}+\.{_WORD}{{16,1000}}+")),
)
"""A text that every hit holds, and the form."""

_MARK = "://"
_LONGEST_SCHEME = 16
_SCHEME = re.compile(r"[a-z](?<!\w.)[a-z0-9+.-]{1,15}+(?=://)")
URL = re.compile(r"[a-z](?<!\w.)[a-z0-9+.-]{1,15}+://[^\s/:@<>\"']{0,64}+:[^\s/@<>\"'{}$]{1,128}+@[^\s/<>\"']{1,253}+")
"""One with credentials."""

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to choose: every form that is known is looked for."""


class SecretCheck:
    """Looks for every form that is known."""

    __slots__ = ()

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding with every secret."""
        found = [
            Span(*place(reading, span.start, span.end), Threat.SECRET)
            for reading in (subject.passage, *subject.readings)
            for span in (*_tokens(reading.text), *_private_keys(reading.text))
        ]
        return (Finding(Threat.SECRET, 1.0, apart(found)),) if found else ()


def _tokens(text: str) -> list[Span]:
    hits = [hit for holds, pattern in PATTERNS if holds in text for hit in pattern.finditer(text)]
    return [Span(*hit.span(), Threat.SECRET) for hit in (*hits, *urls(text))]


def urls(text: str) -> Iterator[re.Match[str]]:
    """Those with credentials, tried only where a scheme stands before its mark."""
    mark, after = text.find(_MARK), 0
    while mark != -1:
        place = max(after, mark - _LONGEST_SCHEME)
        while scheme := _SCHEME.search(text, place, mark + len(_MARK)):
            place = scheme.start() + 1
            if hit := URL.match(text, scheme.start()):
                after = place = hit.end()
                yield hit
        mark = text.find(_MARK, max(after, mark + 1))


def _private_keys(text: str) -> list[Span]:
    """From each beginning to its end; what is cut off reaches to the end of the text."""
    spans: list[Span] = []
    after = 0
    while begin := _BEGIN.search(text, after):
        end = _END.search(text, begin.end())
        after = end.end() if end else len(text)
        spans.append(Span(begin.start(), after, Threat.SECRET))
    return spans


def build(settings: Settings) -> Guardrail:  # noqa: ARG001 - every check is built of its settings
    """The check."""
    return SecretCheck()
