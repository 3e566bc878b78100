"""An issuer of tokens (OpenID Connect) on loopback: discovery, keys, and the log-in of people with PKCE.

It has a thread to itself, keys that it can exchange, and can be away. What it is asked is checked as strictly as a real
one would: a code is good once, for its client, its redirect URI and its verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

AUDIENCE = "stellwerk"
CLIENT_ID, CLIENT_SECRET = "stellwerk-admin", "never-tell-client-secret"
CURVES = {"ES256": (ec.SECP256R1(), "P-256"), "ES384": (ec.SECP384R1(), "P-384"), "ES512": (ec.SECP521R1(), "P-521")}


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(document: Any) -> str:
    """One part of a token."""
    return encoded(document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode())


class SigningKey:
    """A private key for one algorithm, made anew."""

    def __init__(self, algorithm: str = "RS256", bits: int = 2048) -> None:
        self.algorithm = algorithm
        self.private: Any
        if algorithm[:2] in {"RS", "PS"}:
            self.private = rsa.generate_private_key(65_537, bits)
        elif algorithm in CURVES:
            self.private = ec.generate_private_key(CURVES[algorithm][0])
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()

    def sign(self, signed: bytes) -> bytes:
        """The signature."""
        digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}.get(self.algorithm[-3:])
        if self.algorithm.startswith("RS"):
            return bytes(self.private.sign(signed, padding.PKCS1v15(), digest))
        if self.algorithm.startswith("PS"):
            salted = padding.PSS(padding.MGF1(digest), digest.digest_size) if digest else None
            return bytes(self.private.sign(signed, salted, digest))
        if self.algorithm in CURVES:
            assert digest is not None
            size = (CURVES[self.algorithm][0].key_size + 7) // 8
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return bytes(self.private.sign(signed))

    @property
    def pem(self) -> bytes:
        """The public half as PEM text."""
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return bytes(self.private.public_key().public_bytes(serialization.Encoding.PEM, kind))

    def jwk(self, **rest: Any) -> dict[str, Any]:
        """The public half as issuers publish it."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            n, e = (number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.n, numbers.e))
            return {"kty": "RSA", "n": encoded(n), "e": encoded(e), **rest}
        if isinstance(public, ec.EllipticCurvePublicKey):
            point, size = public.public_numbers(), (public.curve.key_size + 7) // 8
            x, y = (encoded(number.to_bytes(size, "big")) for number in (point.x, point.y))
            return {"kty": "EC", "crv": CURVES[self.algorithm][1], "x": x, "y": y, **rest}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw), **rest}


def token(key: SigningKey, header: dict[str, Any], claims: Any) -> str:
    """A signed token."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{encoded(key.sign(signed.encode()))}"


def hmac_token(secret: bytes, header: dict[str, Any], claims: Any) -> str:
    """A token under a shared secret."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


class Issuer:
    """Who issues, and for whom."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.keys: dict[str, SigningKey] = {"key-1": SigningKey(algorithm)}
        self.published = ["key-1"]
        self.current = "key-1"
        self.is_away = False
        self.port = 0
        self.asked: Counter[str] = Counter()
        self.clock: Callable[[], float] = time.time
        self.discovery: dict[str, Any] = {}
        """What differs in its discovery document."""
        self.person: dict[str, Any] = {"sub": "anne"}
        """Claims of whoever logs in."""
        self.id_token: dict[str, Any] = {}
        """Claims of ID tokens that differ from what they should be."""
        self.secret_in_form = False
        """Whether the client's secret has to be in the form instead of a header."""
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        """What its tokens say as ``iss``."""
        return f"http://127.0.0.1:{self.port}"

    def rotate(self, kid: str, algorithm: str = "ES256", *, keeps: bool = True) -> None:
        """Signs with another key from now on; the former ones stay published, or not."""
        self.keys[kid] = SigningKey(algorithm)
        self.published = [*(self.published if keeps else ()), kid]
        self.current = kid

    def claims(self, **rest: Any) -> dict[str, Any]:
        """Claims of a token that is good for ten minutes; those that are ``None`` are left out."""
        now = int(self.clock())
        made = {"iss": self.url, "aud": AUDIENCE, "sub": "anne", "iat": now, "exp": now + 600, **rest}
        return {name: value for name, value in made.items() if value is not None}

    def token(self, *, kid: str | None = None, **claims: Any) -> str:
        """A token of the current key, or of another one."""
        name = kid or self.current
        key = self.keys[name]
        return token(key, {"alg": key.algorithm, "kid": name, "typ": "JWT"}, self.claims(**claims))

    @property
    def jwks(self) -> dict[str, Any]:
        """What it publishes."""
        return {"keys": [self.keys[kid].jwk(kid=kid, use="sig") for kid in self.published]}

    # -- as a server

    def get(self, target: str) -> tuple[int, dict[str, str], bytes]:
        """Status, header and body of an answer."""
        path, query = urlsplit(target).path, {name: one[0] for name, one in parse_qs(urlsplit(target).query).items()}
        self.asked[path] += 1
        if self.is_away:
            return 503, {}, b"away"
        if path == "/.well-known/openid-configuration":
            document = {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                **({"token_endpoint_auth_methods_supported": ["client_secret_post"]} if self.secret_in_form else {}),
                **self.discovery,
            }
            return 200, {}, json.dumps(document).encode()
        if path == "/jwks":
            return 200, {}, json.dumps(self.jwks).encode()
        if path == "/authorize":
            return self._authorize(query)
        return 404, {}, b""

    def _authorize(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        known = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
        assert query.items() >= known.items(), query
        assert "openid" in query["scope"].split()
        assert all(len(query[name]) >= 32 for name in ("state", "nonce", "code_challenge"))
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return 302, {"location": f"{query['redirect_uri']}?{back}"}, b""

    def post(self, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Exchanges a code for tokens."""
        self.asked[path] += 1
        if self.is_away:
            return 503, {}, b"away"
        form = {name: one[0] for name, one in parse_qs(body.decode()).items()}
        query = self._codes.pop(form.get("code", ""), None)
        if query is None or form["redirect_uri"] != query["redirect_uri"] or form["client_id"] != CLIENT_ID:
            return 400, {}, b'{"error":"invalid_grant"}'
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        is_client = form.get("client_secret") == CLIENT_SECRET
        if not self.secret_in_form:
            is_client = authorization == f"Basic {pair}" and "client_secret" not in form
        challenge = encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge != query["code_challenge"] or not is_client:
            return 401, {}, b'{"error":"invalid_client"}'
        claims = {**self.person, "aud": CLIENT_ID, "nonce": query["nonce"], **self.id_token}
        answer = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.token(**claims)}
        return 200, {}, json.dumps(answer).encode()


@contextmanager
def issuing(algorithm: str = "ES256") -> Iterator[Issuer]:
    """An issuer that runs."""
    issuer = Issuer(algorithm)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*issuer.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._answer(*issuer.post(self.path, self.headers.get("authorization", ""), body))

        def _answer(self, status: int, fields: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**fields, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
