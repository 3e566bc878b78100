"""The shared files of AWS tools, ``~/.aws/config`` and ``~/.aws/credentials``, as profiles."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TypeAlias

from stellwerk.errors import ConfigurationError

Read: TypeAlias = Callable[[str], str | None]
"""``read(path)`` gives a file's text; ``None`` when there is no such file."""
Profile: TypeAlias = Mapping[str, str]

CONFIG_FILE = "~/.aws/config"
CREDENTIALS_FILE = "~/.aws/credentials"
DEFAULT = "default"


class Profiles:
    """What both files say: ``known`` are the profiles of both together, ``secrets`` those of the credentials file."""

    __slots__ = ("known", "plain", "secrets", "services")

    def __init__(
        self, plain: Mapping[str, Profile], secrets: Mapping[str, Profile], services: Mapping[str, Profile]
    ) -> None:
        self.plain = plain
        """Of the config file alone."""
        self.secrets = secrets
        self.services = services
        """Sections that a profile may name: a service's settings are indented lines."""
        names = {**plain, **secrets}
        self.known: Mapping[str, Profile] = {name: {**plain.get(name, {}), **secrets.get(name, {})} for name in names}


def read_profiles(environment: Mapping[str, str], read: Read) -> Profiles:
    """The profiles of the files that the environment names, or of the usual ones. Raises ``ConfigurationError``."""
    config = _path(environment, "AWS_CONFIG_FILE", CONFIG_FILE)
    secrets = _path(environment, "AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS_FILE)
    sections = _sections(config, read)
    plain = {name: values for key, values in sections.items() if (name := _profile_name(key))}
    services = {name: values for key, values in sections.items() if (name := _name("services", key))}
    return Profiles(plain, _sections(secrets, read), services)


def profile_of(environment: Mapping[str, str], profile: str = "") -> str:
    """The name of the profile that counts."""
    return profile or environment.get("AWS_DEFAULT_PROFILE") or environment.get("AWS_PROFILE") or DEFAULT


def expand(path: str, environment: Mapping[str, str]) -> str:
    """The path with the home directory for a leading ``~``."""
    home = environment.get("HOME", "")
    return home.rstrip("/") + path[1:] if home and (path == "~" or path.startswith("~/")) else path


def _path(environment: Mapping[str, str], variable: str, usual: str) -> str:
    return expand(environment.get(variable) or usual, environment)


def _sections(path: str, read: Read) -> dict[str, Profile]:
    from configparser import Error, RawConfigParser  # only where the files are looked for

    text = read(path)
    if text is None:
        return {}
    parser = RawConfigParser(default_section="")
    try:
        parser.read_string(text)
        return {name: dict(parser.items(name)) for name in parser.sections()}
    except (Error, UnicodeError):
        raise ConfigurationError(
            (f"{path}: expected sections of `key = value` lines, as AWS tools write them",)
        ) from None


def _profile_name(key: str) -> str:
    return DEFAULT if key == DEFAULT else _name("profile", key)


def _name(kind: str, key: str) -> str:
    """The name of a section of that kind; empty for any other."""
    try:
        words = shlex.split(key)
    except ValueError:
        return ""
    return words[1] if len(words) == 2 and words[0] == kind else ""
