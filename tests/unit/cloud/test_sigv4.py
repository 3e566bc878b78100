"""Signatures: botocore signs the same request, and the header lines are the same byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials as BotoCredentials  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.sigv4 import Header, Signer, canonical_path, canonical_query

HOST = "bedrock-runtime.eu-central-1.amazonaws.com"
NOW = 1_763_900_000.0
KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
SEGMENTS = st.text(st.sampled_from("abcXYZ019-._~%/:@!$&'()*+,;=|^"), max_size=30)
HEADER_NAMES = st.sampled_from(["Content-Type", "x-custom", "X-Amz-Target", "accept", "x-b"])
HEADER_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)


def judged(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes, key: Credentials, now: float
) -> dict[str, str]:
    """The headers that botocore adds."""
    url = f"https://{HOST}{path}{'?' + query if query else ''}"
    request = AWSRequest(method=method, url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    credentials = BotoCredentials(key.access_key_id, key.secret_access_key, key.session_token or None)
    moment = datetime.fromtimestamp(now, UTC)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(credentials, "bedrock", "eu-central-1").add_auth(request)
    wanted = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")
    return {name.lower(): request.headers[name] for name in wanted if name in request.headers}


def signed(lines: bytes) -> dict[str, str]:
    assert lines.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in lines.decode().split("\r\n")[:-1])


def sign(signer: Signer, path: str = "/", body: bytes = b"", key: Credentials = KEY, **given: Any) -> bytes:
    headers: list[Header] = given.get("headers", [])
    method, query, now = given.get("method", b"POST"), given.get("query", b""), given.get("now", NOW)
    return signer.sign(method, HOST.encode(), path.encode(), query, headers, body, key, now)


@given(
    method=st.sampled_from(["POST", "GET", "PUT"]),
    path=SEGMENTS.map(lambda path: "/" + path.lstrip("/")),
    query=st.text(st.sampled_from("abz019-._~%=&"), max_size=20),
    headers=st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=4),
    body=st.binary(max_size=100),
    key=st.builds(Credentials, VISIBLE, VISIBLE, st.one_of(st.just(""), VISIBLE)),
    now=st.floats(0, 4_000_000_000),
)
def test_a_signature_is_botocores(
    method: str,
    path: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
    key: Credentials,
    now: float,
) -> None:
    lines = Signer("eu-central-1", "bedrock").sign(
        method.encode(),
        HOST.encode(),
        path.encode(),
        query.encode(),
        [(name.encode(), value.encode()) for name, value in headers],
        body,
        key,
        int(now),
    )
    assert signed(lines) == judged(method, path, query, headers, body, key, int(now))


def test_one_signer_goes_on_signing_over_seconds_days_and_keys() -> None:
    signer = Signer("eu-central-1", "bedrock")
    other = Credentials("AKIDOTHER", "another/secret", "token==")
    for now in (NOW, NOW + 0.5, NOW + 1, NOW + 86_400, NOW):
        for key in (KEY, other, KEY):
            path = "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
            found = signed(sign(signer, path, b'{"messages":[]}', key, now=now))
            assert found == judged("POST", path, "", [], b'{"messages":[]}', key, int(now))


def test_a_models_colon_is_encoded_twice() -> None:
    assert canonical_path(b"/model/a%3A0/converse") == b"/model/a%253A0/converse"


@pytest.mark.parametrize(
    ("path", "canonical"),
    [(b"", b"/"), (b"/", b"/"), (b"//a//b", b"/a/b"), (b"/a/./b/../c", b"/a/c"), (b"/../a/", b"/a/"), (b"/./", b"/")],
)
def test_dots_and_empty_segments_are_taken_out(path: bytes, canonical: bytes) -> None:
    assert canonical_path(path) == canonical


def test_parameters_stand_in_order() -> None:
    assert canonical_query(b"b=2&a&b=1") == b"a=&b=1&b=2"


def test_no_more_paths_than_some_are_kept() -> None:
    signer = Signer("eu-central-1", "bedrock")
    for number in range(1100):
        sign(signer, f"/model/{number}")
    assert sign(signer, "/model/1099") == sign(Signer("eu-central-1", "bedrock"), "/model/1099")
    assert len(signer._paths) <= 1024
