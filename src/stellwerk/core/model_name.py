"""The spellings under which one and the same model goes: dated, regional, versioned, with its path.

Providers accept several names for a model, and a catalogue knows some of them. A name is looked up as it stands first,
then in ever plainer spellings; what would be another model, or have another price, is never among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DATED = re.compile(r"(?P<model>.+?)(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|@default)")
_NUMBERED = re.compile(r"(?P<model>gemini-.+)-00\d")
_PATH = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?(?:models/)?(?:google/|anthropic/)?")
_ARN = re.compile(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:inference-profile|foundation-model)/")
_REGION = re.compile(r"(?P<region>us-gov|us|eu|apac|au|ca|jp|in|global|regional)\.")
_VERSIONED = re.compile(r"(?P<model>.+?)(?:-v\d+)?(?::\d+(?::\w+)?)?")
_FINE_TUNED = re.compile(r"(?P<model>ft:[^:]+):.*")

GLOBAL, REGIONAL = "global.", "regional."
"""How the catalogue marks the two prices that Bedrock has for a model: routed worldwide, or kept in a region."""

_PLACES: dict[str, tuple[str, ...]] = {"global": (GLOBAL,), "us-gov": (), "us": (REGIONAL, "")}


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


def without_region(name: str) -> str | None:
    """A Bedrock name without its region: the same model, though perhaps at another price; ``None`` if it has none."""
    name = _ARN.sub("", name.lower())
    prefix = _REGION.match(name)
    return name[prefix.end() :] if prefix else None


def _bedrock(name: str) -> Iterator[str]:
    """``eu.`` and its like share the regional price where there is one, ``global.`` has its own.

    A bare name is served in its region. Prices without a region are those of the United States, so they hold for
    ``us.`` and bare names, and for no other region.
    """
    name = _ARN.sub("", name)
    yield name
    prefix = _REGION.match(name)
    region = prefix["region"] if prefix else "us"
    for place in _PLACES.get(region, (REGIONAL,)):
        for spelling in _unversioned(name[prefix.end() :] if prefix else name):
            yield place + spelling


def _unversioned(model: str) -> Iterator[str]:
    yield model
    if versioned := _VERSIONED.fullmatch(model):
        model = versioned["model"]
        yield model
    if dated := _DATED.fullmatch(model):
        yield dated["model"]
