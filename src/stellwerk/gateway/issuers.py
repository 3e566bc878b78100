"""The issuers of the configuration, made when there are any: else a worker loads nothing of what tokens take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from stellwerk.core.issuer import IssuerSpec
from stellwerk.gateway.directory import digest
from stellwerk.ports.credential import Refreshed

if TYPE_CHECKING:
    from stellwerk.gateway.tokens import Tokens
    from stellwerk.oidc.keyring import Keyring


def issuers_of(specs: Sequence[IssuerSpec]) -> Mapping[str, Refreshed]:
    """A keyring for each issuer whose tokens callers may show, by name. Raises ``ConfigurationError``."""
    callers = [spec for spec in specs if spec.audiences]
    if not callers:
        return {}
    from stellwerk.gateway.tokens import rings_of

    return rings_of(callers)


def tokens_of(specs: Sequence[IssuerSpec], rings: Mapping[str, Refreshed], wall: Callable[[], float]) -> Tokens | None:
    """Who shows a token of these issuers; ``None`` where nobody may."""
    if not rings:
        return None
    from stellwerk.gateway.tokens import Tokens

    callers = [spec for spec in specs if spec.audiences]
    return Tokens(callers, cast("Mapping[str, Keyring]", rings), digest, wall)
