"""What it takes to reach a target, looked up once."""

from __future__ import annotations

from collections.abc import Mapping

from stellwerk.core.route import Target
from stellwerk.core.sealed_id import place_of
from stellwerk.core.worst_case import worst_case_of
from stellwerk.dialects.rate_headers import FIRST_FIELD
from stellwerk.gateway.configuration import Route
from stellwerk.gateway.speeches import Speech
from stellwerk.gateway.standing import Standing
from stellwerk.http.fields import render
from stellwerk.http.pool import Pool
from stellwerk.ports.credential import Signing
from stellwerk.ports.provider import Provider


def route_to(
    target: Target,
    provider: Provider,
    credential: str,
    pool: Pool,
    spoken: Mapping[str, Speech],
    standing: Standing,
    kind: str = "",
) -> Route:
    """The route of one target. ``spoken`` says how each dialect's answers are read."""
    card = target.card
    price = card.price if card is not None else None
    return Route(
        target=target,
        standing=standing,
        provider=provider,
        credential=credential,
        lane=pool.lane(provider.origin),
        authority=provider.origin.authority.encode(),
        fields=render(
            (
                (b"x-stellwerk-provider", target.provider.encode()),
                *(((b"x-stellwerk-model", target.model.encode()),) if target.model else ()),
            )
        ),
        speech=spoken[provider.dialect],
        rate_field=FIRST_FIELD.get(provider.dialect, b""),
        place=place_of(target.provider, credential),
        per_token=price.per_token if price is not None else None,
        worst=worst_case_of(price),
        price_version=card.price_version if card is not None else "",
        sign=provider.sign if isinstance(provider, Signing) else None,
        kind=kind,
    )
