"""The issuers of the configuration, made when there are any: else a worker loads nothing of what tokens take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from stellwerk.core.issuer import IssuerSpec
from stellwerk.gateway.directory import Directory
from stellwerk.ports.credential import Refreshed

if TYPE_CHECKING:
    from stellwerk.oidc.keyring import Keyring


def issuers_of(specs: Sequence[IssuerSpec]) -> Mapping[str, Refreshed]:
    """A keyring for each issuer whose tokens callers may show, by name. Raises ``ConfigurationError``."""
    callers = [spec for spec in specs if spec.audiences]
    if not callers:
        return {}
    from stellwerk.gateway.tokens import rings_of

    return rings_of(callers)


def trusting(directory: Directory, specs: Sequence[IssuerSpec], rings: Mapping[str, Refreshed]) -> Directory:
    """The directory with those beside its keys who show a token of these issuers; as it is where nobody may."""
    if not rings:
        return directory
    from stellwerk.gateway.tokens import Tokens, TrustingDirectory

    callers = [spec for spec in specs if spec.audiences]
    return TrustingDirectory(directory, Tokens(callers, cast("Mapping[str, Keyring]", rings), directory.wall))
