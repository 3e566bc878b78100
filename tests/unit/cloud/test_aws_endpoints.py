"""Where services of AWS are asked: botocore finds the same endpoint in the same environment and files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.exceptions  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
import pytest
from botocore.configprovider import ConfiguredEndpointProvider  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.cloud.aws_endpoints import BEDROCK, STS, endpoint_of, is_near
from stellwerk.errors import ConfigurationError
from tests.unit.cloud.sources import Files, nothing

CLIENTS = {STS: "sts", BEDROCK: "bedrock-runtime"}
IGNORE = "ignore_configured_endpoint_urls"


def url(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", f"https://{name}.example.com"])


VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "AWS_ENDPOINT_URL": url("all"),
        "AWS_ENDPOINT_URL_STS": url("sts"),
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url("bedrock"),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": st.sampled_from(["true", "True", "false", "1"]),
        "AWS_PROFILE": st.sampled_from(["default", "one"]),
    },
)
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "endpoint_url": url("profile"),
        "services": st.sampled_from(["here", "gone"]),
        IGNORE: st.sampled_from(["true", "false"]),
    },
)
SERVICE = st.sampled_from(
    ["x = y", "endpoint_url = https://a.example.com", "endpoint_url=https://b.example.com\n  x = y"]
)


def written(profiles: Mapping[str, Mapping[str, str]], services: Mapping[str, str]) -> str:
    lines = ["[services here]"]
    lines += [f"{name} =\n  {inner}" for name, inner in services.items()]
    for name, values in profiles.items():
        lines.append(f"[{name if name == 'default' else f'profile {name}'}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def botocores(service: str, profile: str, environment: Mapping[str, str]) -> str | None:
    """What botocore finds; ``None`` where it refuses."""
    with patch.dict(os.environ, environment, clear=True):
        session = botocore.session.Session(profile=profile or None)
        if session.get_config_variable(IGNORE):
            return ""
        configured = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), CLIENTS[service])
        try:
            return configured.provide() or ""
        except botocore.exceptions.InvalidConfigError:
            return None


@given(
    variables=VARIABLES,
    profiles=st.fixed_dictionaries({"default": PROFILE, "one": PROFILE}),
    services=st.dictionaries(st.sampled_from([STS, BEDROCK, "s3"]), SERVICE),
    service=st.sampled_from([STS, BEDROCK]),
    profile=st.sampled_from(["", "one"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_botocore_finds_the_same_endpoint(
    tmp_path: Path, variables: dict[str, str], profiles: Any, services: Any, service: str, profile: str
) -> None:
    file = tmp_path / "config"
    file.write_text(written(profiles, services), encoding="utf-8")
    environment = {
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        **variables,
    }
    expected = botocores(service, profile, environment)
    files = Files({str(file): file.read_text(encoding="utf-8")})
    if expected is None:
        with pytest.raises(ConfigurationError, match=r"the section \[services \w+\] does not exist"):
            endpoint_of(service, environment, files, profile)
    else:
        assert endpoint_of(service, environment, files, profile) == expected


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("http://sts.example.com", "neither near nor encrypted"),
        ("http://10.0.0.1:4566", "neither near nor encrypted"),
        ("sts.example.com", "no absolute URL"),
        ("https://user@sts.example.com", "user part"),
        ("https://sts.example.com/?x=y", "has a query"),
    ],
)
def test_an_endpoint_where_no_secret_may_go_is_refused(endpoint: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        endpoint_of(STS, {"AWS_ENDPOINT_URL_STS": endpoint}, nothing)
    assert told in refused.value.message


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566", "http://[::1]:1/x"])
def test_an_endpoint_on_this_machine_needs_no_encryption(endpoint: str) -> None:
    assert endpoint_of(STS, {"AWS_ENDPOINT_URL": endpoint}, nothing) == endpoint


def test_near_is_this_machine_alone() -> None:
    assert all(map(is_near, ("localhost", "127.9.9.9", "::1")))
    assert not any(map(is_near, ("10.0.0.1", "a.localhost", "")))
