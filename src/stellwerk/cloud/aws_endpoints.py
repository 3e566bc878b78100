"""Where the environment or a profile wants a service of AWS to be asked, found in the order in which AWS SDKs look.

A variable of the service; one for all services; the profile's section of services; the profile. None of them counts
where endpoints that are configured are to be ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from stellwerk.cloud.aws_profiles import Profile, Profiles, Read, profile_of, read_profiles
from stellwerk.core import url as urls
from stellwerk.errors import ConfigurationError

BEDROCK = "bedrock_runtime"
STS = "sts"

_VARIABLE = "AWS_ENDPOINT_URL"
_IGNORE = "ignore_configured_endpoint_urls"


def endpoint_of(service: str, environment: Mapping[str, str], read: Read, profile: str = "") -> str:
    """The URL for a service, by its name in such files; empty where none is configured.

    Raises ``ConfigurationError`` for what is no URL, and where secrets would travel in the clear.
    """
    profiles = read_profiles(environment, read)
    name = profile_of(environment, profile)
    settings = profiles.known.get(name, {})
    if environment.get(f"AWS_{_IGNORE.upper()}", settings.get(_IGNORE, "")).lower() == "true":
        return ""
    found = (
        environment.get(f"{_VARIABLE}_{service.upper()}")
        or environment.get(_VARIABLE)
        or _of_services(service, settings, profiles)
        or settings.get("endpoint_url", "")
    )
    if found:
        _check(found)
    return found


def is_near(host: str) -> bool:
    """Whether a host is this machine, so that nobody can listen on the way."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_services(service: str, settings: Profile, profiles: Profiles) -> str:
    name = settings.get("services")
    if name is None:
        return ""
    section = profiles.services.get(name)
    if not section:
        raise ConfigurationError((f"AWS endpoints: the section [services {name}] does not exist",))
    lines = section.get(service, "").splitlines()
    values = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    return values.get("endpoint_url", "")


def _check(endpoint: str) -> None:
    try:
        found = urls.read(endpoint)
    except ValueError as error:
        raise ConfigurationError((f"AWS endpoints: {endpoint!r} cannot be used: {error}",)) from None
    if "?" in found.target:
        raise ConfigurationError((f"AWS endpoints: {endpoint!r} has a query",))
    if found.scheme != "https" and not is_near(found.host.text):
        raise ConfigurationError((f"AWS endpoints: {endpoint!r} is neither near nor encrypted",))
