"""Who is able to serve a request: the targets of a model, sifted by what it needs and how long it is.

Only a lack that the catalogue states excludes a target. A model that nobody knows is trusted to be able to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.context import Bounds, Fit, fits, most_tokens
from stellwerk.core.route import Target
from stellwerk.errors import NoCapableTarget

MEDIA = ("vision", "audio_in", "files")
"""Needs of requests that hold media, whose tokens nobody sees in their bytes."""
_INDIRECT = frozenset({"long_context", "parallel_tools"})
"""Needs that a card does not state by name."""
_TOLD = 8
"""So many targets are named in an error."""


class MayNeed(Protocol):
    """Whether a request may need any of these capabilities, told from its bytes; never wrongly ``False``."""

    def __call__(self, body: bytes, /, *capabilities: str) -> bool:
        """The answer."""
        ...


class Lack(msgspec.Struct, frozen=True):
    """What some of a model's targets are known to lack, and the least room of any; 0 where nobody knows of a bound."""

    capabilities: tuple[str, ...] = ()
    context_window: int = 0
    max_output: int = 0

    def concerns(self, body: bytes, output_cap: int | None, may_need: MayNeed) -> bool:
        """Whether a request may need what some target lacks: only then does it have to be read, and targets sifted."""
        cap = output_cap or 0
        if 0 < self.max_output < cap or (self.capabilities and may_need(body, *self.capabilities)):
            return True
        room, size = self.context_window - cap, len(body)
        if not self.context_window or most_tokens(size, has_media=True) <= room:
            return False
        return most_tokens(size, has_media=False) > room or may_need(body, *MEDIA)


class Sifted(msgspec.Struct, frozen=True):
    """Targets that are able, those last that may have no room; and why each of the others is not, by identity."""

    able: tuple[Target, ...]
    reasons: Mapping[str, str]
    doubtful: frozenset[str] = frozenset()
    """Identities of those that may have no room."""

    def settle(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Able targets in an order of somebody else's, in which those that may have no room still come last."""
        return tuple(sorted(targets, key=lambda target: target.identity in self.doubtful))


def lacking(targets: Iterable[Target]) -> Lack:
    """What at least one of the targets is known to lack. The same for every request."""
    cards = [target.card for target in targets if target.card is not None]
    capabilities = {word for card in cards for word in card.lacks}
    if "tools" in capabilities:
        capabilities.add("parallel_tools")
    window = min((card.context_window for card in cards if card.context_window), default=0)
    output = min((card.max_output for card in cards if card.max_output), default=0)
    return Lack(tuple(sorted(capabilities)), window, output)


def sift(targets: Iterable[Target], needs: Collection[str], bounds: Bounds | None = None) -> Sifted:
    """The targets that are able, in their order. Without ``bounds`` nobody asks how long the request is."""
    certain: list[Target] = []
    doubtful: list[Target] = []
    reasons: dict[str, str] = {}
    wanted = frozenset(needs)
    special = not wanted.isdisjoint(_INDIRECT)
    most, cap = (bounds.upper, bounds.output_cap or 0) if bounds is not None else (0, 0)
    for target in targets:
        card = target.card
        if card is None or (not special and _is_plainly_able(card, wanted, most, cap)):
            certain.append(target)
            continue
        missing = card.missing(needs) if needs else ()
        fit = Fit.FITS if bounds is None else fits(card, bounds.lower, bounds.upper, bounds.output_cap)
        if missing or fit is Fit.DOES_NOT_FIT:
            reasons[target.identity] = _reason(card, missing, bounds if fit is Fit.DOES_NOT_FIT else None)
        else:
            (doubtful if fit is Fit.MAY_NOT_FIT else certain).append(target)
    return Sifted((*certain, *doubtful), reasons, frozenset(target.identity for target in doubtful))


def _is_plainly_able(card: ModelCard, needs: frozenset[str], most: int, cap: int) -> bool:
    """Whether it is able without any doubt, as most targets of most requests are."""
    window, output = card.context_window, card.max_output
    return needs.isdisjoint(card.lacks) and (not window or most + cap <= window) and (not output or cap <= output)


def refusal(model: str, reasons: Mapping[str, str]) -> NoCapableTarget:
    """The error for a model whose targets were all left out, for these reasons by identity."""
    told = [f"{identity}: {reason}" for identity, reason in list(reasons.items())[:_TOLD]]
    more = f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
    message = f"No target of the model {model[:200]!r} can serve this request ({'; '.join(told)}{more})."
    return NoCapableTarget(message, param="model")


def _reason(card: ModelCard, missing: Iterable[str], too_long: Bounds | None) -> str:
    told = [f"no {word}" for word in sorted(missing)]
    if too_long is not None:
        told.append(f"context window {card.context_window}, the prompt has at least {too_long.lower} tokens")
    return ", ".join(told)
