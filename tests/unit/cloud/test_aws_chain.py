"""The default chain: the same environment and files mean the same credentials to botocore and to us."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.exceptions  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.cloud.aws_chain import choose, region_of
from stellwerk.cloud.aws_profiles import expand, read_profiles
from stellwerk.cloud.aws_sources import Container, Instance, Key, Role, WebIdentity
from stellwerk.errors import ConfigurationError
from tests.unit.cloud.sources import Files, nothing

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"}
ROLE = "arn:aws:iam::123456789012:role/gateway"
CONFIG, SECRETS = "/config", "/secrets"
WHERE = {"AWS_CONFIG_FILE": CONFIG, "AWS_SHARED_CREDENTIALS_FILE": SECRETS}


def chosen(environment: Mapping[str, str] | None = None, config: str = "", secrets: str = "", profile: str = "") -> Any:
    files = Files({CONFIG: config, SECRETS: secrets})
    return choose({**WHERE, **(environment or {})}, files, profile)


def key(source: Any) -> tuple[str, str, str]:
    assert isinstance(source, Key)
    credentials = source.credentials
    return credentials.access_key_id, credentials.secret_access_key, credentials.session_token


KEYS = st.fixed_dictionaries(
    {"aws_access_key_id": st.sampled_from(["AKIA1", "AKIA2"]), "aws_secret_access_key": st.sampled_from(["s1", "s2"])},
    optional={"aws_session_token": st.just("t1"), "aws_security_token": st.just("t2"), "region": st.just("eu-west-1")},
)
SECTIONS = st.dictionaries(
    st.sampled_from(["default", "one", "two"]), st.one_of(KEYS, st.just({"region": "eu-west-3"})), max_size=3
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "AWS_ACCESS_KEY_ID": st.just("AKIAENV"),
        "AWS_SESSION_TOKEN": st.just("t3"),
        "AWS_SECURITY_TOKEN": st.just("t4"),
        "AWS_PROFILE": st.sampled_from(["default", "one", "two"]),
        "AWS_DEFAULT_PROFILE": st.sampled_from(["one", "two"]),
    },
)


def ini(sections: Mapping[str, Mapping[str, str]], prefix: str) -> str:
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name if name == 'default' else prefix + name}]")
        lines += [f"{key_} = {value}" for key_, value in values.items()]
        lines += ["s3 =", "  max_concurrent_requests = 20"]
    return "\n".join(lines) + "\n"


@given(config=SECTIONS, secrets=SECTIONS, variables=VARIABLES, profile=st.sampled_from(["", "", "one", "default"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_botocore_finds_the_same_key(
    tmp_path: Path, config: Any, secrets: Any, variables: dict[str, str], profile: str
) -> None:
    files = {"config": ini(config, "profile "), "credentials": ini(secrets, "")}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
        **variables,
    }
    if "AWS_ACCESS_KEY_ID" in environment:
        environment["AWS_SECRET_ACCESS_KEY"] = "env"
    with patch.dict(os.environ, environment, clear=True):
        try:
            session = botocore.session.Session(profile=profile or None)
            found = session.get_credentials()
            expected = None if found is None else (found.access_key, found.secret_key, found.token or "")
        except botocore.exceptions.ProfileNotFound:
            if "AWS_ACCESS_KEY_ID" in environment:  # the key is enough for us, whatever profile is named beside it
                return
            expected = None
    files_ = Files({str(tmp_path / name): text for name, text in files.items()})
    try:
        ours = key(choose(environment, files_, profile))
    except ConfigurationError:
        assert expected is None
    else:
        assert ours == expected


def test_botocore_assumes_the_same_role_with_the_same_key(tmp_path: Path) -> None:
    config = (
        f"[profile r]\nrole_arn={ROLE}\nsource_profile=base\nexternal_id=x\nduration_seconds=900\nrole_session_name=n\n"
    )
    secrets = "[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=base\n"
    source = chosen(config=config, secrets=secrets, profile="r")
    assert source == Role(Key(source.source.credentials), ROLE, "n", "x", 900)
    assert key(source.source) == ("AKIABASE", "base", "")
    (tmp_path / "config").write_text(config, encoding="utf-8")
    (tmp_path / "credentials").write_text(secrets, encoding="utf-8")
    environment = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    with patch.dict(os.environ, environment, clear=True):
        found = botocore.session.Session(profile="r").get_credentials()
        request = found._refresh_using.__self__._assume_role_kwargs()
        base = found._refresh_using.__self__._source_credentials
    assert (request["RoleArn"], request["RoleSessionName"], request["ExternalId"]) == (ROLE, "n", "x")
    assert request["DurationSeconds"] == 900
    assert (base.access_key, base.secret_key) == ("AKIABASE", "base")


def test_a_named_profile_goes_before_the_environment_and_a_set_variable_does_not() -> None:
    secrets = "[one]\naws_access_key_id=AKIAONE\naws_secret_access_key=one\n"
    assert key(chosen(ENVIRONMENT, secrets=secrets, profile="one")) == ("AKIAONE", "one", "")
    assert key(chosen({**ENVIRONMENT, "AWS_PROFILE": "one"}, secrets=secrets)) == ("AKIAENV", "env", "")


def test_roles_chain_and_a_profile_may_be_its_own_source() -> None:
    config = (
        f"[profile a]\nrole_arn={ROLE}a\nsource_profile=b\n[profile b]\nrole_arn={ROLE}b\nsource_profile=c\n"
        f"[profile c]\nrole_arn={ROLE}c\nsource_profile=c\naws_access_key_id=AKIAC\naws_secret_access_key=c\n"
    )
    first = chosen(config=config, profile="a")
    assert (first.role_arn, first.source.role_arn) == (ROLE + "a", ROLE + "b")
    assert key(first.source.source) == ("AKIAC", "c", "")
    own = chosen(config=config, profile="c")
    assert own.role_arn == ROLE + "c"
    assert own.session_name == "stellwerk"
    assert own.duration_s is None


@pytest.mark.parametrize(
    ("word", "environment", "kind"),
    [
        ("Environment", ENVIRONMENT, Key),
        ("EcsContainer", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"}, Container),
        ("Ec2InstanceMetadata", {}, Instance),
    ],
)
def test_a_role_may_take_its_source_from_where_it_runs(word: str, environment: dict[str, str], kind: type) -> None:
    config = f"[profile r]\nrole_arn={ROLE}\ncredential_source={word}\n"
    assert isinstance(chosen(environment, config=config, profile="r").source, kind)


def test_a_web_identity_comes_from_the_environment_or_the_profile() -> None:
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "pod"}
    assert chosen(variables) == WebIdentity(ROLE, "/token", "pod")
    config = f"[profile w]\nrole_arn={ROLE}\nweb_identity_token_file=~/t\n[profile r]\nrole_arn=x\nsource_profile=w\n"
    home = {"HOME": "/h"}
    assert chosen(home, config=config, profile="w") == WebIdentity(ROLE, "/h/t")
    assert chosen({**home, **variables}, config=config, profile="r").source == WebIdentity(ROLE, "/h/t")


@pytest.mark.parametrize(
    ("environment", "container"),
    [
        ({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"}, Container("http://169.254.170.2/v2/x")),
        (
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://creds.example.com/x"},
            Container("https://creds.example.com/x"),
        ),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.9/x"}, Container("http://127.0.0.9/x")),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[::1]/x"}, Container("http://[::1]/x")),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
            },
            Container("http://169.254.170.23/v1/credentials", "", "/token"),
        ),
    ],
)
def test_a_container_is_asked_near_or_encrypted(environment: dict[str, str], container: Container) -> None:
    assert chosen(environment) == container


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, "http://169.254.169.254/"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}, "http://[fd00:ec2::254]/"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338"}, "http://127.0.0.1:1338/"),
        ({"AWS_EC2_METADATA_DISABLED": "false"}, "http://169.254.169.254/"),
    ],
)
def test_a_machines_metadata_service_comes_last(environment: dict[str, str], endpoint: str) -> None:
    assert chosen(environment) == Instance(endpoint)


@pytest.mark.parametrize(
    ("environment", "config", "profile", "told"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "", "", "AWS_SECRET_ACCESS_KEY is not"),
        ({**ENVIRONMENT, "AWS_SESSION_TOKEN": "a b"}, "", "", "visible ASCII"),
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "", "", "switched off"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example.com/x"}, "", "", "neither near nor encrypted"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https:///x"}, "", "", "neither near nor encrypted"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "", "", "no role for it"),
        ({"AWS_PROFILE": "gone"}, "", "", "no profile 'gone'"),
        ({}, "[profile p]\ncredential_process = /bin/true\n", "p", "credential_process"),
        ({}, "[profile p]\nsso_session = x\n", "p", "single sign-on"),
        ({}, "[profile p]\naws_access_key_id = AKIA\n", "p", "no aws_secret_access_key"),
        ({}, "[profile p]\nrole_arn = x\n", "p", "either source_profile or"),
        ({}, "[profile p]\nrole_arn = x\nsource_profile = q\ncredential_source = y\n", "p", "either source_profile or"),
        ({}, "[profile p]\nrole_arn = x\nsource_profile = q\nmfa_serial = y\n", "p", "second factor"),
        ({}, "[profile p]\nrole_arn = x\nsource_profile = q\n", "p", "'q' of profile 'p' does not exist"),
        ({}, "[profile p]\nrole_arn = x\nsource_profile = q\n[profile q]\nregion = z\n", "p", "has no credentials"),
        ({}, "[profile p]\nrole_arn = x\nsource_profile = p\n", "p", "in a circle"),
        (
            {},
            "[profile p]\nrole_arn = x\nsource_profile = q\n[profile q]\nrole_arn = x\nsource_profile = p\n",
            "p",
            "circle",
        ),
        ({}, "[profile p]\nrole_arn = x\ncredential_source = Environment\n", "p", "which there is not"),
        ({}, "[profile p]\nrole_arn = x\ncredential_source = EcsContainer\n", "p", "which there is not"),
        ({}, "no section", "", "expected sections"),
    ],
)
def test_what_cannot_be_used_is_told(environment: dict[str, str], config: str, profile: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        chosen(environment, config=config, profile=profile)
    assert told in refused.value.message


def test_the_region_comes_from_the_environment_or_the_profile() -> None:
    files = Files({CONFIG: "[profile p]\nregion = eu-west-2\n[default]\nregion = eu-west-1\n"})
    assert region_of({**WHERE, "AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, files) == "a"
    assert region_of({**WHERE, "AWS_DEFAULT_REGION": "b"}, files) == "b"
    assert region_of(WHERE, files) == "eu-west-1"
    assert region_of(WHERE, files, "p") == "eu-west-2"
    assert region_of({**WHERE, "AWS_PROFILE": "p"}, files) == "eu-west-2"
    assert region_of({}, nothing) == ""


def test_only_sections_of_profiles_are_profiles() -> None:
    config = '[profile "a b"]\nregion=x\n[profile]\n[preview]\n[sso-session s]\n[profile "odd]\n[default]\n'
    profiles = read_profiles({"HOME": "/h/"}, Files({"/h/.aws/config": config}))
    assert set(profiles.known) == {"a b", "default"}


def test_a_home_stands_for_the_tilde_where_there_is_one() -> None:
    assert expand("~/x", {"HOME": "/h"}) == "/h/x"
    assert expand("~", {"HOME": "/h"}) == "/h"
    assert expand("~/x", {}) == "~/x"
    assert expand("~other/x", {"HOME": "/h"}) == "~other/x"
