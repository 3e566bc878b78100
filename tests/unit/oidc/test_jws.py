"""Reading tokens: what is one, what is refused, and that nothing of it is repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.errors import AuthenticationFailed
from stellwerk.oidc.jws import LONGEST, read
from tests.issuer import SigningKey, encoded, part, token

HEADER = {"alg": "EdDSA", "kid": "k", "typ": "JWT"}
CLAIMS = {"iss": "https://i.example", "sub": "anne"}
GOOD = token(SigningKey("EdDSA"), HEADER, CLAIMS)


def of(header: Any = HEADER, claims: Any = CLAIMS, signature: str = "AAAA") -> bytes:
    """A token of these parts, whatever they are."""
    return f"{part(header)}.{part(claims)}.{signature}".encode()


def test_a_token_is_read() -> None:
    found = read(GOOD.encode())
    assert (found.algorithm, found.key_id, found.claims) == ("EdDSA", "k", CLAIMS)
    assert found.signed.decode() == GOOD.rpartition(".")[0]
    assert encoded(found.signature) == GOOD.rpartition(".")[2]


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_types_of_access_and_id_tokens_are_taken(kind: str | None) -> None:
    header = {"alg": "RS256", "typ": kind} if kind else {"alg": "RS256"}
    assert read(of(header)).key_id is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (of(claims={"x": "y" * LONGEST}), "larger"),
        (b"eyJ.eyJ", "three parts"),
        (b"eyJ.eyJ.eyJ.eyJ.eyJ", "three parts"),
        (of({**HEADER, "alg": 5}), "no algorithm"),
        (of({"kid": "k"}), "no algorithm"),
        (of({**HEADER, "kid": 7}), "id of its key"),
        (of({**HEADER, "kid": ""}), "id of its key"),
        (of({**HEADER, "kid": "k" * 513}), "id of its key"),
        (of({**HEADER, "crit": ["exp"]}), "extension"),
        (of({**HEADER, "crit": []}), "extension"),
        (of({**HEADER, "typ": "logout+jwt"}), "type"),
        (of({**HEADER, "typ": 1}), "type"),
        (of([]), "JSON object"),
        (of(b"{"), "JSON object"),
        (of(b"\xff\xfe"), "JSON object"),
        (of(claims="text"), "JSON object"),
        (of(claims=b'{"sub":"a","sub":"b"}'), "two ways"),
        (of(claims=b'{"a":{"sub":1,"sub":1}}'), "two ways"),
        (of(claims=b'{"exp":NaN}'), "JSON object"),
        (of(claims=b'{"exp":1e5} {}'), "JSON object"),
        (of(claims=b"[" * 3000), "JSON object"),
        (of(claims=b'{"a":' + b"1" * 5000 + b"}"), "JSON object"),
        (of(signature="AAA="), "base64url"),
        (of(signature="AA+/"), "base64url"),
        (of(signature="AAB"), "base64url"),
        (of(signature="A"), "base64url"),
        (of(signature="AA A"), "base64url"),
        (b"eyJ\xff.e.e", "base64url"),
    ],
)
def test_what_is_odd_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(AuthenticationFailed, match=why) as refused:
        read(text)
    assert "anne" not in refused.value.message


@given(st.binary(max_size=300) | st.text(alphabet="eyJ.AB_-=", max_size=60).map(str.encode))
def test_whatever_comes_it_is_read_or_refused(text: bytes) -> None:
    try:
        found = read(text)
    except AuthenticationFailed:
        return
    header = json.loads(json.dumps({"alg": found.algorithm}))
    assert header["alg"] == found.algorithm


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="latin-1"))
def test_no_other_text_is_the_same_token(place: int, character: str) -> None:
    other = (GOOD[:place] + character + GOOD[place + 1 :]).encode("latin-1")
    if other == GOOD.encode():
        return
    try:
        found = read(other)
    except AuthenticationFailed:
        return
    genuine = read(GOOD.encode())
    assert (found.signed, found.signature) != (genuine.signed, genuine.signature)
