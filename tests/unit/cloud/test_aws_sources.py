"""Each source of credentials, asked as AWS documents it."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import pytest

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.aws_sources import (
    Container,
    Instance,
    Key,
    Role,
    Source,
    WebIdentity,
    hold,
    load,
    origins,
)
from stellwerk.cloud.aws_sts import TokenService
from stellwerk.cloud.sigv4 import Signer
from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamCredentials
from tests.unit.cloud.sources import DOCUMENT, NOW, STS, Files, Services

REGION = "eu-central-1"
SERVICE = TokenService(REGION)
STS_URL = f"https://sts.{REGION}.amazonaws.com/"
EXPIRES_S = 1_763_904_600.0
KEY = Key(Credentials("AKIAKNOWN", "known"))
ROLE = "arn:aws:iam::123456789012:role/gateway"
METADATA = "http://169.254.169.254/"
ROLES = METADATA + "latest/meta-data/iam/security-credentials/"
MACHINE = {
    ("PUT", METADATA + "latest/api/token"): (200, b"metadata-token"),
    ("GET", ROLES): (200, b"gateway\n"),
    ("GET", ROLES + "gateway"): (200, DOCUMENT),
}


def ask(source: Source, services: Services, files: dict[str, str] | None = None) -> Credentials:
    return asyncio.run(load(source, SERVICE, Files(files or {}), services, NOW))


def test_a_known_key_is_used_as_it_is() -> None:
    assert ask(KEY, Services({})) == KEY.credentials
    assert hold(KEY, SERVICE, Files({})).current() == KEY.credentials


def test_a_role_is_assumed_with_the_source_that_it_names() -> None:
    services = Services({("POST", STS_URL): (200, STS)})
    credentials = ask(Role(KEY, ROLE, "session", "external", 900), services)
    assert credentials == Credentials("ASIAROLE", "role&secret", "session==", EXPIRES_S)
    ((_, _, headers, body),) = services.asked
    assert parse_qs(body.decode()) == {
        "Action": ["AssumeRole"],
        "Version": ["2011-06-15"],
        "RoleArn": [ROLE],
        "RoleSessionName": ["session"],
        "ExternalId": ["external"],
        "DurationSeconds": ["900"],
    }
    kind = headers.pop("content-type").encode()
    lines = Signer(REGION, "sts").sign(
        b"POST",
        f"sts.{REGION}.amazonaws.com".encode(),
        b"/",
        b"",
        [(b"content-type", kind)],
        body,
        KEY.credentials,
        NOW,
    )
    assert "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() == lines


def test_a_role_may_be_assumed_by_a_role() -> None:
    services = Services({("POST", STS_URL): (200, STS)})
    ask(Role(Role(KEY, ROLE + "/first"), ROLE), services)
    assert [b"first" in body for _, _, _, body in services.asked] == [True, False]
    assert "x-amz-security-token" not in services.asked[0][2]
    assert services.asked[1][2]["x-amz-security-token"] == "session=="


def test_a_web_identity_shows_the_token_of_the_moment_unsigned() -> None:
    services = Services({("POST", STS_URL): (200, STS)})
    assert ask(WebIdentity(ROLE, "/token"), services, {"/token": " ey.J.x\n"}).access_key_id == "ASIAROLE"
    ((_, _, headers, body),) = services.asked
    assert parse_qs(body.decode())["WebIdentityToken"] == ["ey.J.x"]
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("container", "shown"),
    [
        (Container("http://169.254.170.2/creds"), None),
        (Container("http://169.254.170.2/creds", "Bearer x"), "Bearer x"),
        (Container("http://169.254.170.2/creds", "unused", "/token"), "from-file"),
    ],
)
def test_a_container_asks_its_endpoint(container: Container, shown: str | None) -> None:
    services = Services({("GET", container.url): (200, DOCUMENT)})
    credentials = ask(container, services, {"/token": "from-file"})
    assert credentials == Credentials("ASIAFETCHED", "fetched", "token", EXPIRES_S)
    assert services.asked[0][2].get("authorization") == shown


def test_a_machine_asks_its_metadata_service_with_a_session_token() -> None:
    services = Services(MACHINE)
    assert ask(Instance(METADATA), services).access_key_id == "ASIAFETCHED"
    assert [method for method, *_ in services.asked] == ["PUT", "GET", "GET"]
    assert services.asked[0][2] == {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
    assert services.asked[2][2] == {"x-aws-ec2-metadata-token": "metadata-token"}


def test_a_holder_refreshes_from_its_source() -> None:
    holder = hold(Instance(METADATA), SERVICE, Files({}))
    asyncio.run(holder.refresh(Services(MACHINE), NOW))
    assert holder.current().access_key_id == "ASIAFETCHED"


@pytest.mark.parametrize(
    ("source", "answers", "told"),
    [
        (Container("http://a/x"), {}, "no route to http://a/x"),
        (Container("http://a/x"), {("GET", "http://a/x"): (403, b"secret")}, "a answered with status 403"),
        (Container("http://a/x"), {("GET", "http://a/x"): (200, b"[]")}, "none that can be read"),
        (Container("http://a/x"), {("GET", "http://a/x"): (200, b"{}")}, "none that can be read"),
        (Container("http://a/x"), {("GET", "http://a/x"): (200, DOCUMENT.replace(b"2025", b"when"))}, "can be read"),
        (Container("http://a/x"), {("GET", "http://a/x"): (200, DOCUMENT.replace(b'"token"', b"7"))}, "can be read"),
        (Container("http://a/x"), {("GET", "http://a/x"): (200, DOCUMENT.replace(b"ASIA", b"A SIA"))}, "can be read"),
        (Container("http://a/x", "", "/none"), {}, "no token in /none"),
        (WebIdentity(ROLE, "/none"), {}, "no token in /none"),
        (Role(KEY, ROLE), {("POST", STS_URL): (200, b"<Error/>")}, "none that can be read"),
        (Role(KEY, ROLE), {("POST", STS_URL): (403, STS)}, "status 403"),
        (Instance(METADATA), {**MACHINE, ("GET", ROLES): (200, b"")}, "none that can be read"),
        (Instance(METADATA), {**MACHINE, ("PUT", METADATA + "latest/api/token"): (200, b"\xff")}, "can be read"),
        (
            Instance(METADATA),
            {**MACHINE, ("GET", ROLES + "gateway"): (200, b'{"Code":"AssumeRoleUnauthorizedAccess"}')},
            "has no credentials",
        ),
    ],
)
def test_a_source_that_gives_none_says_why_and_shows_no_secret(
    source: Source, answers: dict[tuple[str, str], tuple[int, bytes]], told: str
) -> None:
    with pytest.raises(UpstreamCredentials) as refused:
        ask(source, Services(answers))
    assert told in refused.value.message
    assert "secret" not in refused.value.message


def test_china_has_a_token_service_of_its_own() -> None:
    assert TokenService("cn-north-1").url == "https://sts.cn-north-1.amazonaws.com.cn/"


def test_a_token_service_may_be_elsewhere() -> None:
    elsewhere = TokenService(REGION, "http://127.0.0.1:9/sts")
    assert (elsewhere.url, elsewhere.origin) == ("http://127.0.0.1:9/sts/", Origin("http", "127.0.0.1", 9))
    assert TokenService(REGION, "https://sts.example.com/").url == "https://sts.example.com/"
    services = Services({("POST", elsewhere.url): (200, STS)})
    asyncio.run(load(Role(KEY, ROLE), elsewhere, Files({}), services, NOW))
    ((_, _, headers, body),) = services.asked
    kind = headers.pop("content-type").encode()
    lines = Signer(REGION, "sts").sign(
        b"POST", b"127.0.0.1:9", b"/sts/", b"", [(b"content-type", kind)], body, KEY.credentials, NOW
    )
    assert "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() == lines


@pytest.mark.parametrize(
    ("former", "heir", "inherits"),
    [
        (Container("http://127.0.0.1:9/x", "a"), Container("http://127.0.0.1:9/x", "b"), True),
        (Container("http://127.0.0.1:9/x", "a"), Container("http://127.0.0.1:9/y", "a"), False),
        (Role(KEY, ROLE), Role(Key(Credentials("AKIAROTATED", "s")), ROLE), True),
        (Role(KEY, ROLE), Role(KEY, ROLE + "/other"), False),
        (Instance(METADATA), Instance(METADATA), True),
    ],
)
def test_credentials_of_the_same_identity_are_inherited(former: Source, heir: Source, inherits: bool) -> None:
    files, services = Files({}), Services({**MACHINE, ("POST", STS_URL): (200, STS)})
    services.answers["GET", "http://127.0.0.1:9/x"] = (200, DOCUMENT)
    first, second = (hold(source, SERVICE, files) for source in (former, heir))
    asyncio.run(first.refresh(services, NOW))
    second.inherit(first)
    if inherits:
        assert second.current() is first.current()
    else:
        with pytest.raises(UpstreamCredentials):
            second.current()


def test_a_source_says_where_it_is_asked() -> None:
    token_service = Origin("https", f"sts.{REGION}.amazonaws.com", 443)
    container = Container("http://169.254.170.2/x")
    assert origins(KEY, SERVICE) == ()
    assert origins(WebIdentity(ROLE, "/token"), SERVICE) == (token_service,)
    assert origins(container, SERVICE) == (Origin("http", "169.254.170.2", 80),)
    assert origins(Role(container, ROLE), SERVICE) == (Origin("http", "169.254.170.2", 80), token_service)
    assert origins(Instance("http://[fd00:ec2::254]/"), SERVICE) == (Origin("http", "fd00:ec2::254", 80),)
