"""Attacks in disguise: how many of those that checks catch plain they still catch, and what else they flag then."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from stellwerk.core.subject import Speaker, Subject
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.disguises import DISGUISES
from stellwerk.text.reading import read


class Kept(msgspec.Struct, frozen=True):
    """What became of the texts in one disguise. Attacks are only those that are caught without any."""

    disguise: str
    caught: int
    attacks: int
    flagged: int
    ordinary: int
    escaped: tuple[str, ...] = ()
    """Attacks, as they read plain, that no check caught in this disguise."""

    @property
    def kept(self) -> float:
        """The share of attacks that are still caught; all of none."""
        return self.caught / self.attacks if self.attacks else 1.0

    @property
    def flags(self) -> float:
        """The share of ordinary texts that are flagged."""
        return self.flagged / self.ordinary if self.ordinary else 0.0


class Report(msgspec.Struct, frozen=True):
    """All that was measured. ``failures`` says how often which check did not run, and why."""

    attacks: int
    caught: int
    ordinary: int
    flagged: int
    disguises: tuple[Kept, ...]
    missed: tuple[str, ...] = ()
    """Attacks that were not caught plain."""
    failures: Mapping[str, int] = {}


def sample(texts: Sequence[str], most: int, seed: int) -> list[str]:
    """At most so many of the texts, in their order: those whose hash is smallest, whatever else is in the list."""
    distinct = list(dict.fromkeys(texts))
    ranked = sorted(range(len(distinct)), key=lambda place: zlib.crc32(f"{seed} {distinct[place]}".encode()))
    return [distinct[place] for place in sorted(ranked[:most])]


def measure(
    checks: Mapping[str, Guardrail],
    attacks: Sequence[str],
    ordinary: Sequence[str],
    *,
    disguises: Sequence[str] = tuple(DISGUISES),
    speaker: Speaker = Speaker.USER,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Puts the texts into each disguise and asks the checks. A text counts as caught when any check hits."""
    failures: dict[str, int] = {}

    def is_hit(text: str) -> bool:
        subject = read(text, speaker=speaker)
        hits = [_hits(name, check, subject, failures) for name, check in checks.items()]
        return any(hits)

    steps = 1 + len(disguises)
    missed, caught = list[str](), list[str]()
    for text in attacks:
        (caught if is_hit(text) else missed).append(text)
    flagged = sum(map(is_hit, ordinary))
    progress(1, steps)
    kept = []
    for done, name in enumerate(disguises, 2):
        wear = DISGUISES[name]
        escaped = tuple(text for text in caught if not is_hit(wear(text, seed)))
        hits = sum(is_hit(wear(text, seed)) for text in ordinary)
        kept.append(Kept(name, len(caught) - len(escaped), len(caught), hits, len(ordinary), escaped))
        progress(done, steps)
    return Report(len(attacks), len(caught), len(ordinary), flagged, tuple(kept), tuple(missed), failures)


def _hits(name: str, check: Guardrail, subject: Subject, failures: dict[str, int]) -> bool:
    try:
        return any(finding.is_hit for finding in check.check(subject))
    except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
        reason = f"{name}: {type(error).__name__}"
        failures[reason] = failures.get(reason, 0) + 1
        return False
