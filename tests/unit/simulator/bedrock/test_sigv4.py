"""Signatures that AWS's own signer made are accepted, all others are refused."""

from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from stellwerk.http.request import Request
from stellwerk.simulator.bedrock.sigv4 import claim_of, verify
from stellwerk.simulator.refusal import Refusal

KEYS = ("bearer", "AKID:secret", "ASIA:secret:token")
MODELS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters=":.-/_ ~+"), min_size=1)


def _signed(
    model: str, body: bytes, *, key_id: str = "AKID", token: str | None = None, service: str = "bedrock"
) -> Request:
    url = f"http://127.0.0.1:9000/model/{quote(model, safe='')}/converse"
    made = AWSRequest("POST", url, data=body, headers={"content-type": "application/json", "x-spaces": " a   b "})
    SigV4Auth(Credentials(key_id, "secret", token), service, "eu-central-1").add_auth(made)
    headers = {name.lower().encode(): str(value).strip().encode() for name, value in made.headers.items()}
    headers.setdefault(b"host", b"127.0.0.1:9000")
    return Request(None, headers=headers, method=b"POST", path=urlsplit(url).path.encode(), body=body)


def _verify(request: Request, now: float | None = None) -> None:
    claim = claim_of(request.headers)
    assert claim is not None
    verify(request, claim, KEYS, datetime.now(UTC).timestamp() if now is None else now)


@given(MODELS, st.binary(max_size=50))
@example(".", b"")
@example("..", b"")
@example("a:b/c", b"{}")
def test_what_awss_own_signer_signed_is_accepted(model: str, body: bytes) -> None:
    _verify(_signed(model, body))


def test_a_session_has_its_token() -> None:
    _verify(_signed("m", b"", key_id="ASIA", token="token"))
    for token in (None, "other"):
        with pytest.raises(Refusal, match="security token"):
            _verify(_signed("m", b"", key_id="ASIA", token=token))


@pytest.mark.parametrize("part", ["body", "path", "header", "signature", "query"])
def test_what_was_changed_on_the_way_is_refused(part: str) -> None:
    request = _signed("m", b"body")
    headers = dict(request.headers)
    if part == "header":
        headers[b"x-spaces"] = b"c"
    if part == "signature":
        headers[b"authorization"] = headers[b"authorization"][:-64] + b"0" * 64
    changed = Request(
        None,
        headers=headers,
        method=b"POST",
        path=b"/model/n/converse" if part == "path" else request.path,
        query=b"a=1&b" if part == "query" else b"",
        body=b"bod" if part == "body" else b"body",
    )
    with pytest.raises(Refusal) as caught:
        _verify(changed)
    assert (caught.value.status, caught.value.code) == (403, "InvalidSignatureException")


def test_keys_services_and_times_have_to_be_right() -> None:
    with pytest.raises(Refusal, match="security token"):
        _verify(_signed("m", b"", key_id="AKIDX"))
    with pytest.raises(Refusal, match="correct service"):
        _verify(_signed("m", b"", service="s3"))
    for shift in (-301, 301):
        with pytest.raises(Refusal, match="Signature expired"):
            _verify(_signed("m", b""), datetime.now(UTC).timestamp() + shift)


def test_fields_of_aws_have_to_be_signed_and_hashes_to_be_right() -> None:
    request = _signed("m", b"")
    for name, value, reason in (
        (b"x-amz-new", b"1", "'x-amz-new' must be a 'SignedHeader'"),
        (b"x-amz-date", request.headers[b"x-amz-date"][:9] + b"x", "basic format"),
    ):
        changed = Request(None, headers={**request.headers, name: value}, method=b"POST", path=request.path)
        with pytest.raises(Refusal, match=reason):
            _verify(changed)
    bare = request.headers[b"authorization"].replace(b"host;", b"")
    with pytest.raises(Refusal, match="'Host' must be"):
        _verify(Request(None, headers={**request.headers, b"authorization": bare}, method=b"POST", path=request.path))
    signed = request.headers[b"authorization"].replace(b";x-amz-date", b";x-amz-content-sha256;x-amz-date")
    headers = {**request.headers, b"authorization": signed, b"x-amz-content-sha256": b"0"}
    with pytest.raises(Refusal, match="not the hash"):
        _verify(Request(None, headers=headers, method=b"POST", path=request.path))


@pytest.mark.parametrize("value", [b"", b"Bearer x", b"AWS4-HMAC-SHA256 Credential=x", b"AWS4-HMAC-SHA256"])
def test_what_is_not_signed_claims_nothing(value: bytes) -> None:
    assert claim_of({b"authorization": value}) is None


def test_a_length_can_be_signed_too() -> None:
    request = _signed("m", b"body")
    made = AWSRequest("POST", "http://127.0.0.1:9000/model/m/converse", data=b"body", headers={"content-length": "4"})
    SigV4Auth(Credentials("AKID", "secret"), "bedrock", "eu-central-1").add_auth(made)
    headers = {name.lower().encode(): str(value).encode() for name, value in made.headers.items()}
    del headers[b"content-length"]
    headers[b"host"] = request.headers[b"host"]
    _verify(Request(None, headers=headers, method=b"POST", path=request.path, body=b"body"))
