"""The spellings under which one and the same model goes: dated, regional, versioned, with its path.

Providers accept several names for a model, and a catalogue knows some of them. A name is looked up as it stands first,
then in ever plainer spellings; what would be another model, or have another price, is never among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DATED = re.compile(r"(?P<model>.+?)(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|[-@](?:latest|default))")
_NUMBERED = re.compile(r"(?P<model>gemini-.+)-00\d")
_PATH = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?(?:models/)?(?:google/|anthropic/)?")
_ARN = re.compile(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:inference-profile|foundation-model)/")
_REGION = re.compile(r"(?P<region>us|eu|apac|au|ca|jp|in|global|regional)\.")
_VERSIONED = re.compile(r"(?P<model>.+?)(?:-v\d+)?(?::\d+(?::\w+)?)?")
_FINE_TUNED = re.compile(r"(?P<model>ft:[^:]+):.*")

GLOBAL, REGIONAL = "global.", "regional."
"""How the catalogue marks the two prices that Bedrock has for a model: routed worldwide, or kept in a region."""


def spellings(provider: str, name: str) -> Iterator[str]:
    """The name as it stands, then plainer ones, in the order in which a catalogue should try them.

    ``provider`` is a section of the catalogue; the spellings of Bedrock and of Google are theirs alone.
    """
    name = name.lower()
    if provider == "bedrock":
        yield from _bedrock(name)
        return
    yield name
    if provider == "gemini":
        plain = _PATH.sub("", name, count=1)
        if numbered := _NUMBERED.fullmatch(plain):
            plain = numbered["model"]
        yield plain
        name = plain
    if tuned := _FINE_TUNED.fullmatch(name):
        name = tuned["model"]
        yield name
    if dated := _DATED.fullmatch(name):
        yield dated["model"]


def _bedrock(name: str) -> Iterator[str]:
    """``eu.`` and its like share the regional price, ``global.`` has its own; a bare name is served in its region."""
    name = _ARN.sub("", name)
    yield name
    prefix = _REGION.match(name)
    model = name[prefix.end() :] if prefix else name
    for place in (GLOBAL,) if prefix and prefix["region"] == "global" else (REGIONAL, ""):
        for spelling in _unversioned(model):
            yield place + spelling


def _unversioned(model: str) -> Iterator[str]:
    yield model
    if versioned := _VERSIONED.fullmatch(model):
        model = versioned["model"]
        yield model
    if dated := _DATED.fullmatch(model):
        yield dated["model"]
