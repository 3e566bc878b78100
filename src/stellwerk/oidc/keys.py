"""The keys that an issuer publishes (JWK Set, RFC 7517), and the check of a signature with one of them.

A key checks signatures of the algorithms of its own kind alone: what a token says of its algorithm can choose among
those, and never turn a public key into a shared secret. Keys that are secret, too weak, too large to be checked
quickly, or meant for something else are passed over.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

MOST_KEYS = 256
RSA_BITS = range(2048, 4097)
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"P-256": ("ES256", 32), "P-384": ("ES384", 48), "P-521": ("ES512", 66)}
"""Each curve's only algorithm, and how many bytes a coordinate has."""

Check = Callable[[str, bytes, bytes], None]
"""``check(algorithm, signature, signed)`` raises ``InvalidSignature``."""


class Key(msgspec.Struct, frozen=True, eq=False):
    """One key. ``identity`` is the key itself, in few bytes: the same in every key set that has it."""

    key_id: str | None
    algorithms: frozenset[str]
    identity: bytes
    check: Check

    def verifies(self, algorithm: str, signature: bytes, signed: bytes) -> bool:
        """Whether the signature is one over these bytes, made with the other half of this key."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.check(algorithm, signature, signed)
        except InvalidSignature:
            return False
        return True


class KeySet:
    """The keys of an issuer at a time."""

    __slots__ = ("_by_id", "_keys", "identities")

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)
        self._by_id: dict[str, list[Key]] = {}
        for key in keys:
            if key.key_id is not None:
                self._by_id.setdefault(key.key_id, []).append(key)
        self.identities = frozenset(key.identity for key in keys)

    def knows(self, key_id: str | None) -> bool:
        """Whether there is a key with that id."""
        return key_id in self._by_id

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key with that id, for that algorithm; where no id is said, the only one for the algorithm."""
        keys = self._keys if key_id is None else self._by_id.get(key_id, ())
        fit = [key for key in keys if algorithm in key.algorithms]
        return fit[0] if len(fit) == 1 else None


def read(text: bytes) -> KeySet:
    """The keys in the text of a key set. Raises ``ValueError`` when there is none that can be used.

    Raises ``ConfigurationError`` without the package that checks signatures.
    """
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("it is no JSON object") from None
    entries = document.get("keys")
    listed = entries[:MOST_KEYS] if isinstance(entries, list) else []
    keys = [key for entry in listed if (key := _key(entry)) is not None]
    if not keys:
        raise ValueError("it has no key that can be used")
    return KeySet(keys)


def demand_cryptography() -> None:
    """Raises ``ConfigurationError`` where the package that checks signatures is missing."""
    try:
        import cryptography  # noqa: F401  # whether it is there
    except ImportError:
        reason = "tokens of issuers need the package cryptography: pip install 'stellwerk[oidc]'"
        raise ConfigurationError((reason,)) from None


def _key(entry: Any) -> Key | None:
    """``None`` for one that is no key to check signatures with, or none that is known here."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    demand_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        made = _MAKERS[entry["kty"]](entry)
    except (LookupError, TypeError, ValueError, UnsupportedAlgorithm):
        return None
    algorithms, identity, check = made
    if "alg" in entry:
        # RFC 9864 has a second name for EdDSA on this curve.
        named = "EdDSA" if entry["alg"] == "Ed25519" else entry["alg"]
        algorithms = algorithms & {named} if isinstance(named, str) else frozenset()
    key_id = entry.get("kid")
    return Key(key_id, algorithms, identity, check) if algorithms and isinstance(key_id, str | None) else None


def _rsa(entry: Mapping[str, Any]) -> tuple[frozenset[str], bytes, Check]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    modulus, exponent = _number(entry["n"]), _number(entry["e"])
    # A large exponent is a check that takes long, and a small modulus one that can be forged.
    if modulus.bit_length() not in RSA_BITS or not 3 <= exponent < 1 << 32:
        raise ValueError("a weak key")
    key = RSAPublicNumbers(exponent, modulus).public_key()
    return _RSA, b"RSA %x %x" % (modulus, exponent), _RsaCheck(key)


def _elliptic(entry: Mapping[str, Any]) -> tuple[frozenset[str], bytes, Check]:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    algorithm, size = _CURVES[entry["crv"]]
    x, y = _number(entry["x"]), _number(entry["y"])
    key = ec.EllipticCurvePublicNumbers(
        x, y, curves[entry["crv"]]
    ).public_key()  # raises ValueError for a point beside the curve
    return frozenset({algorithm}), b"%b %x %x" % (algorithm.encode(), x, y), _EllipticCheck(key, size)


def _edwards(entry: Mapping[str, Any]) -> tuple[frozenset[str], bytes, Check]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if entry["crv"] != "Ed25519":
        raise ValueError("another curve")
    point = _decoded(entry["x"])
    return frozenset({"EdDSA"}), b"OKP " + point, _EdwardsCheck(Ed25519PublicKey.from_public_bytes(point))


_MAKERS: Mapping[Any, Callable[[Mapping[str, Any]], tuple[frozenset[str], bytes, Check]]] = {
    "RSA": _rsa,
    "EC": _elliptic,
    "OKP": _edwards,
}


class _RsaCheck:
    """Of RS* (PKCS #1 v1.5) and PS* (PSS with a salt as long as the digest)."""

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key

    def __call__(self, algorithm: str, signature: bytes, signed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

        digest = _digest(algorithm)
        padding = PSS(MGF1(digest), digest.digest_size) if algorithm.startswith("PS") else PKCS1v15()
        self._key.verify(signature, signed, padding, digest)


class _EllipticCheck:
    """Of ES*: two numbers of one size."""

    def __init__(self, key: ec.EllipticCurvePublicKey, size: int) -> None:
        self._key = key
        self._size = size

    def __call__(self, algorithm: str, signature: bytes, signed: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        size = self._size
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        self._key.verify(encode_dss_signature(r, s), signed, ECDSA(_digest(algorithm)))


class _EdwardsCheck:
    """Of EdDSA."""

    def __init__(self, key: ed25519.Ed25519PublicKey) -> None:
        self._key = key

    def __call__(self, algorithm: str, signature: bytes, signed: bytes) -> None:
        del algorithm
        self._key.verify(signature, signed)


def _digest(algorithm: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    digests: Mapping[str, HashAlgorithm] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
    return digests[algorithm[-3:]]


def _number(text: Any) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: Any) -> bytes:
    """Raises ``TypeError`` or ``ValueError``."""
    if not isinstance(text, str):
        raise TypeError(text)
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
