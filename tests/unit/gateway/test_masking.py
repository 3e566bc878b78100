"""What header lines prove an identity with, and texts without it."""

from __future__ import annotations

import pytest

from stellwerk.gateway.masking import mask, mask_body, proofs_in

SIGNED = (
    b"content-type: application/json\r\nx-amz-date: 20260101T000000Z\r\nx-amz-security-token: FwoG/x+y==\r\n"
    b"authorization: AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20260101/eu-central-1/bedrock/aws4_request, "
    b"SignedHeaders=content-type;host;x-amz-date, Signature=0f0e0d0c\r\n"
)


@pytest.mark.parametrize(
    ("fields", "proofs"),
    [
        (b"", ()),
        (b"content-type: application/json\r\ntraceparent: 00-1-2-3\r\n", ()),
        (b"authorization: Bearer ya29.word\r\n", ("ya29.word",)),
        (b"accept: */*\r\napi-key: one\r\nx-goog-api-key:two\r\n", ("one", "two")),
        (b"X-Api-Key: \r\n", ()),
        (SIGNED, ("FwoG/x+y==", "ASIAEXAMPLE", "0f0e0d0c")),
    ],
)
def test_header_lines_are_searched_for_what_proves_an_identity(fields: bytes, proofs: tuple[str, ...]) -> None:
    assert proofs_in(fields) == proofs


def test_every_secret_is_masked_wherever_it_stands() -> None:
    secrets = ("", "short", "first-secret", "second-secret")
    assert mask("A short first-secret, second-secret, first-secret.", *secrets) == (
        "A short [redacted], [redacted], [redacted]."
    )
    assert mask_body(b"short second-secret", *secrets) == b"short [redacted]"
