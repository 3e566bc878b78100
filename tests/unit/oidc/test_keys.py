"""Keys of issuers: which are taken, and that each checks signatures of its own kind alone."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.issuer import ALGORITHMS
from stellwerk.oidc.keys import read
from tests.issuer import SigningKey, encoded

KINDS = ("RS256", "ES256", "ES384", "ES512", "EdDSA")
KEYS = {algorithm: SigningKey(algorithm) for algorithm in KINDS}
RSA = KEYS["RS256"]


def keys(*entries: dict[str, Any]) -> bytes:
    """A key set."""
    return json.dumps({"keys": entries}).encode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_checked(algorithm: str) -> None:
    signing = SigningKey(algorithm)
    key = read(keys(signing.jwk(kid="k"))).find("k", algorithm)
    assert key is not None
    signature = signing.sign(b"signed")
    assert key.verifies(algorithm, signature, b"signed")
    assert not key.verifies(algorithm, signature, b"other")
    assert not key.verifies(algorithm, signature[:-1] + bytes([signature[-1] ^ 1]), b"signed")
    for odd in (b"", signature[:-1], signature + b"\0", bytes(len(signature)), b"\xff" * len(signature)):
        assert not key.verifies(algorithm, odd, b"signed")


@pytest.mark.parametrize(("kind", "algorithm"), [*itertools.product(KINDS, [*ALGORITHMS, "HS256", "none", ""])])
def test_a_key_serves_algorithms_of_its_own_kind_alone(kind: str, algorithm: str) -> None:
    found = read(keys(KEYS[kind].jwk(kid="k"))).find("k", algorithm)
    of_the_kind = algorithm[:2] in {"RS", "PS"} if kind == "RS256" else algorithm == kind
    assert (found is not None) == of_the_kind


def test_a_key_says_what_it_is_for() -> None:
    found = read(keys(RSA.jwk(kid="k", alg="PS256", use="sig", key_ops=["verify"])))
    assert found.find("k", "RS256") is None
    assert found.find("k", "PS256") is not None
    assert read(keys(KEYS["EdDSA"].jwk(kid="k", alg="Ed25519"))).find("k", "EdDSA") is not None


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("RS256", {"use": "enc"}),
        ("RS256", {"key_ops": ["encrypt"]}),
        ("RS256", {"key_ops": "verify"}),
        ("RS256", {"alg": "HS256"}),
        ("RS256", {"alg": 5}),
        ("RS256", {"kid": 5}),
        ("RS256", {"e": encoded(b"\1")}),
        ("RS256", {"e": encoded(b"\1\0\0\0\1")}),
        ("RS256", {"e": encoded(b"\1\0\0")}),
        ("RS256", {"n": encoded(b"\xff" * 128)}),
        ("RS256", {"n": encoded(b"\xff" * 1025)}),
        ("RS256", {"n": None}),
        ("RS256", {"n": "\u00e9"}),
        ("RS256", {"kty": "oct", "k": encoded(b"a shared secret of good length")}),
        ("RS256", {"kty": ["RSA"]}),
        ("ES256", {"x": encoded(b"\1" * 32)}),
        ("ES256", {"crv": "P-384"}),
        ("ES256", {"crv": "secp256k1"}),
        ("EdDSA", {"crv": "X25519"}),
        ("EdDSA", {"x": encoded(b"\1" * 31)}),
    ],
    ids=str,
)
def test_what_is_no_key_for_this_is_passed_over(kind: str, rest: dict[str, Any]) -> None:
    entry = {**KEYS[kind].jwk(), **rest}
    with pytest.raises(ValueError, match="no key that can be used"):
        read(keys(entry))
    assert read(keys(entry, KEYS["ES384"].jwk(kid="good"))).identities == read(keys(KEYS["ES384"].jwk())).identities


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{}", b'{"keys":{}}', b'{"keys":[]}', b"[" * 9999, b"\xff"])
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        read(text)


def test_without_an_id_there_has_to_be_one_key_for_the_algorithm() -> None:
    one = read(keys(RSA.jwk(kid="a"), KEYS["ES256"].jwk(kid="b")))
    assert one.find(None, "RS256") is one.find("a", "RS256") is not None
    two = read(keys(RSA.jwk(kid="a"), SigningKey("RS256").jwk(kid="b")))
    assert two.find(None, "RS256") is None
    same = read(keys(RSA.jwk(kid="a"), KEYS["ES256"].jwk(kid="a")))
    assert same.find("a", "RS256") is not same.find("a", "ES256") is not None


MEMBERS = st.sampled_from(["kty", "n", "e", "crv", "x", "y", "alg", "use", "kid", "key_ops"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(MEMBERS, inner),
)


@given(ANYTHING)
def test_whatever_stands_in_a_key_set_nothing_else_comes_out(entry: Any) -> None:
    assert len(read(keys(entry, KEYS["EdDSA"].jwk())).identities) == 1
