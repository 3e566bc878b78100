"""The providers of a configuration with their secrets, and where connections may go for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import ProviderSpec, Snapshot
from stellwerk.errors import ConfigurationError
from stellwerk.gateway.issuers import issuers_of
from stellwerk.gateway.masking import mask
from stellwerk.ports.credential import Refreshed
from stellwerk.ports.provider import Provider

if TYPE_CHECKING:
    from stellwerk.ports.embedder import RemoteEmbedder
    from stellwerk.ports.guardrail import RemoteGuardrail

IN_HEADERS = ("api_key", "access_token")
"""Options of providers whose value goes into a header as it is: the credential that ``prepare`` is given."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


def egress_policy(snapshot: Snapshot) -> Policy:
    """Where a gateway with this configuration may connect to. Raises ``ConfigurationError``."""
    from stellwerk.gateway.guarding import remote_checks  # this is no worker

    providers = providers_of(snapshot, secrets_of(snapshot))
    return egress_of(snapshot, {**providers, **remote_checks(snapshot)}, issuers_of(snapshot.issuers))


def egress_of(
    snapshot: Snapshot, providers: Mapping[str, Provider | RemoteGuardrail], issuers: Mapping[str, Refreshed]
) -> Policy:
    """Each provider's own origin is permitted, and where just this one fetches its credentials; so are issuers'.

    The services that guardrails ask count among the providers; that of the cache's embedder is permitted as well.
    """
    others = [one for one in (*providers.values(), *issuers.values()) if isinstance(one, Refreshed)]
    origins = [provider.origin for provider in providers.values()]
    embedder = embedder_of(snapshot)
    if embedder is not None:
        origins.append(embedder.origin)
    return Policy.of(snapshot.egress, [*origins, *(origin for one in others for origin in one.origins)])


def embedder_of(snapshot: Snapshot) -> RemoteEmbedder | None:
    """The cache's embedder, where there is a use for it and it asks a service. Raises ``ConfigurationError``."""
    spec = snapshot.cache
    if not any(model.caching.semantic for model in snapshot.models):
        return None
    if not plugins.asks_a_service("embedders", spec.embedder):
        return None
    names = set(plugins.secrets("embedders", spec.embedder)) & spec.embedder_options.keys()
    values = {option: resolve(str(spec.embedder_options[option])) for option in names}
    try:
        return cast("RemoteEmbedder", plugins.build("embedders", spec.embedder, {**spec.embedder_options, **values}))
    except ValueError as error:
        reason = str(error)
        for secret in values.values():
            reason = mask(reason, secret)
        raise ConfigurationError((f"cache.embedder_options: {reason}",)) from None


def secrets_of(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """The values of each provider's secrets, by provider and option."""
    return {
        spec.name: {
            option: token(reference) if option in IN_HEADERS else resolve(reference)
            for option, reference in spec.secrets.items()
        }
        for spec in snapshot.providers
    }


def token(reference: str) -> str:
    """A secret that can stand in a header. It is judged here again: what a file holds may have changed since."""
    value = resolve(reference)
    if _TOKEN.fullmatch(value) is None:
        raise ConfigurationError((f"{reference}: expected one line of visible ASCII characters",))
    return value


def providers_of(snapshot: Snapshot, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Provider]:
    """Every provider, by name. Raises ``ConfigurationError``."""
    return {spec.name: _provider(spec, secrets[spec.name]) for spec in snapshot.providers}


def _provider(spec: ProviderSpec, secrets: Mapping[str, str]) -> Provider:
    try:
        return cast("Provider", plugins.build("providers", spec.kind, {**spec.options, **secrets}))
    except ValueError as error:
        reason = str(error)
        for secret in secrets.values():
            reason = mask(reason, secret)
        raise ConfigurationError((f"providers.{spec.name}: {reason}",)) from None
