"""The AWS default chain: which source of credentials an environment and its files mean, in the order AWS SDKs look.

Keys in the environment; a profile's role; a web identity; a profile's keys; a container's endpoint; a machine's
metadata service. Two sorts are not served, and say so: ``credential_process``, for a worker starts no programs of
others while requests wait, and single sign-on, whose sessions are made at a person's browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.aws_endpoints import is_near
from stellwerk.cloud.aws_profiles import DEFAULT, Profile, Profiles, Read, expand, profile_of, read_profiles
from stellwerk.cloud.aws_sources import SESSION_NAME, Container, Instance, Key, Role, Source, WebIdentity
from stellwerk.errors import ConfigurationError

CONTAINER_HOST = "169.254.170.2"
_CONTAINER_HOSTS = frozenset({CONTAINER_HOST, "169.254.170.23", "fd00:ec2::23"})
_METADATA = "http://169.254.169.254/"
_METADATA_IPV6 = "http://[fd00:ec2::254]/"
_SSO = ("sso_start_url", "sso_session", "sso_account_id", "sso_role_name")


def choose(environment: Mapping[str, str], read: Read, profile: str = "") -> Source:
    """The source that is used. A ``profile`` given here goes before keys in the environment.

    Raises ``ConfigurationError`` when there is none, or one that cannot be used.
    """
    name = profile_of(environment, profile)
    if not profile and environment.get("AWS_ACCESS_KEY_ID"):
        return _environment_key(environment)
    profiles = read_profiles(environment, read)
    if name != DEFAULT and name not in profiles.known:
        _fail(f"there is no profile {name!r} in the shared files")
    if (role := _role(name, profiles, environment, ())) is not None:
        return role
    found = _of_profile(name, profiles, environment, uses_environment=not profile)
    return found or _container(environment) or _instance(environment)


def region_of(environment: Mapping[str, str], read: Read, profile: str = "") -> str:
    """The region that the environment or the profile names; empty where neither does."""
    if region := environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"):
        return region
    name = profile_of(environment, profile)
    return read_profiles(environment, read).known.get(name, {}).get("region", "")


def _environment_key(environment: Mapping[str, str]) -> Key:
    secret = environment.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        _fail("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
    token = environment.get("AWS_SECURITY_TOKEN") or environment.get("AWS_SESSION_TOKEN") or ""
    return _key(environment["AWS_ACCESS_KEY_ID"], secret, token)


def _role(name: str, profiles: Profiles, environment: Mapping[str, str], visited: tuple[str, ...]) -> Role | None:
    """The role of a profile that has one, with what assumes it."""
    profile = profiles.known.get(name, {})
    if "role_arn" not in profile or "web_identity_token_file" in profile:
        return None
    source_profile, source_name = profile.get("source_profile"), profile.get("credential_source")
    if (source_profile is None) == (source_name is None):
        _fail(f"profile {name!r} with a role needs either source_profile or credential_source")
    if "mfa_serial" in profile:
        _fail(f"profile {name!r} wants a person's second factor, which a gateway has not")
    if source_profile is None:
        source = _named_source(source_name or "", name, environment)
    else:
        source = _source_profile(source_profile, name, profiles, environment, (*visited, name))
    duration = profile.get("duration_seconds", "")
    return Role(
        source,
        profile["role_arn"],
        profile.get("role_session_name", SESSION_NAME),
        profile.get("external_id", ""),
        int(duration) if duration.isascii() and duration.isdigit() else None,
    )


def _source_profile(
    name: str, of: str, profiles: Profiles, environment: Mapping[str, str], visited: tuple[str, ...]
) -> Source:
    profile = profiles.known.get(name)
    if profile is None:
        _fail(f"the source_profile {name!r} of profile {of!r} does not exist")
    has_key = "aws_access_key_id" in profile or "aws_secret_access_key" in profile
    if name in visited and not (name == of and has_key):
        _fail(f"profiles {', '.join(visited)} assume roles in a circle")
    if not has_key and (role := _role(name, profiles, environment, visited)) is not None:
        return role
    found = _of_profile(name, profiles, environment, uses_environment=False)
    if found is None:
        _fail(f"the source_profile {name!r} of profile {of!r} has no credentials")
    return found


def _named_source(word: str, of: str, environment: Mapping[str, str]) -> Source:
    kind = word.lower()
    if kind == "environment" and environment.get("AWS_ACCESS_KEY_ID"):
        return _environment_key(environment)
    if kind == "ecscontainer" and (container := _container(environment)) is not None:
        return container
    if kind == "ec2instancemetadata":
        return _instance(environment)
    return _fail(f"profile {of!r} names the credential_source {word!r}, which there is not")


def _of_profile(
    name: str, profiles: Profiles, environment: Mapping[str, str], *, uses_environment: bool
) -> Source | None:
    """What a profile itself holds, or the environment in its place for a web identity."""
    profile, variables = profiles.known.get(name, {}), environment if uses_environment else {}
    token_file = variables.get("AWS_WEB_IDENTITY_TOKEN_FILE") or profile.get("web_identity_token_file")
    if token_file:
        role_arn = variables.get("AWS_ROLE_ARN") or profile.get("role_arn")
        if not role_arn:
            _fail("a web identity token is given, and no role for it")
        session_name = variables.get("AWS_ROLE_SESSION_NAME") or profile.get("role_session_name") or SESSION_NAME
        return WebIdentity(role_arn, expand(token_file, environment), session_name)
    if any(word in profile for word in _SSO[:2]):
        _fail(f"profile {name!r} wants single sign-on, which a gateway cannot do")
    if (key := _profile_key(name, profiles.secrets.get(name, {}))) is not None:
        return key
    if "credential_process" in profile:
        _fail(f"profile {name!r} wants a credential_process, which a gateway does not run")
    return _profile_key(name, profiles.plain.get(name, {}))


def _profile_key(name: str, profile: Profile) -> Key | None:
    if "aws_access_key_id" not in profile:
        return None
    if "aws_secret_access_key" not in profile:
        _fail(f"profile {name!r} has an aws_access_key_id and no aws_secret_access_key")
    token = profile.get("aws_security_token") or profile.get("aws_session_token") or ""
    return _key(profile["aws_access_key_id"], profile["aws_secret_access_key"], token)


def _key(access_key_id: str, secret: str, token: str) -> Key:
    try:
        return Key(Credentials(access_key_id, secret, token))
    except ValueError as error:
        _fail(str(error))


def _container(environment: Mapping[str, str]) -> Container | None:
    relative, full = (environment.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL"))
    url = f"http://{CONTAINER_HOST}{relative}" if relative else full
    if not url:
        return None
    if not _is_trusted(url):
        _fail("AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is neither near nor encrypted")
    token_file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "")
    return Container(url, environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""), token_file)


def _is_trusted(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or host in _CONTAINER_HOSTS or is_near(host))


def _instance(environment: Mapping[str, str]) -> Instance:
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        _fail("no credentials are found, and the machine's metadata service is switched off")
    usual = (
        _METADATA_IPV6 if environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").lower() == "ipv6" else _METADATA
    )
    endpoint = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or usual
    return Instance(endpoint.rstrip("/") + "/")


def _fail(reason: str) -> NoReturn:
    raise ConfigurationError((f"AWS credentials: {reason}",))
