"""People of an issuer: what their tokens let them do here, and the conversation with the issuer when they log in.

When the issuer is away, nobody can log in; tokens are verified with the keys at hand, and sessions go on.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from stellwerk.admin.access import Principal, Role
from stellwerk.core import url as urls
from stellwerk.core.issuer import IssuerSpec, PeopleSpec, RoleRule
from stellwerk.errors import AuthenticationFailed, PermissionDenied, UpstreamError
from stellwerk.oidc.claims import audiences_of, demand, fulfils, name_at, shown, teams_of, values_at
from stellwerk.oidc.jws import read, refuse
from stellwerk.oidc.keyring import Keyring, discover, text_of
from stellwerk.oidc.verification import verify
from stellwerk.ports.credential import Fetch

FORM = "application/x-www-form-urlencoded"
CALLBACK = "/admin/callback"
RETRY_S = 5.0
"""When an issuer that has not said where people log in is asked again."""


class People:
    """Those of one configuration. ``secret`` is the client's; ``clock`` gives Unix time in seconds."""

    def __init__(
        self,
        spec: PeopleSpec,
        issuer: IssuerSpec,
        fetch: Fetch,
        secret: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.spec = spec
        self.ring = Keyring(issuer)
        self.discovered: dict[str, Any] | None = None
        """What the issuer says of itself, where people can log in."""
        self.failure: str | None = None
        """Why the last attempt to ask the issuer came to nothing."""
        self._issuer = issuer
        self._fetch = fetch
        self._secret = secret
        self._clock = clock

    @property
    def rules(self) -> str:
        """Names what role and teams follow from: sessions hold for as long as that stays."""
        written = msgspec.json.encode((self._issuer.issuer, self._issuer.teams, self._issuer.require, self.spec.roles))
        return hashlib.sha256(written).hexdigest()

    @property
    def return_to(self) -> str:
        """Where the issuer sends people back to."""
        return self.spec.url + CALLBACK

    def inherit(self, former: People) -> None:
        """Takes the keys of the one that this one replaces, and what its issuer says of itself."""
        self.ring.inherit(former.ring)
        if former._issuer.issuer == self._issuer.issuer and self.spec.url:  # of its own class
            self.discovered = former.discovered

    async def refresh(self) -> float:
        """Asks the issuer for what is due; returns when to call again (Unix seconds, infinite for never)."""
        due_s = await self.ring.refresh(self._fetch, self._clock())
        self.failure = self.ring.failure
        if not self.spec.url or self.discovered is not None:
            return due_s
        try:
            self.discovered = await discover(self._issuer.issuer, self._fetch)
        except (UpstreamError, ValueError) as error:
            self.failure = error.message if isinstance(error, UpstreamError) else str(error)
            return min(due_s, self._clock() + RETRY_S)
        return due_s

    def principal(self, token: bytes) -> Principal:
        """Whose token this is.

        Raises ``AuthenticationFailed``, ``PermissionDenied`` for somebody without a role, and ``IssuerUnavailable``.
        """
        jws = read(token)
        verify(jws, self._issuer, self.ring, self.spec.audiences, self._clock())
        return self._principal_of(jws.claims)

    def way_to_issuer(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser goes to log in. Raises ``ValueError`` while the issuer has not said that."""
        endpoint = text_of(self.discovered or {}, "authorization_endpoint")
        if urls.read(endpoint).scheme != "https" and not endpoint.startswith(self._issuer.issuer):
            raise ValueError("the issuer's authorization_endpoint is no https URL")
        query = {
            "response_type": "code",
            "client_id": self.spec.client_id,
            "redirect_uri": self.return_to,
            "scope": " ".join(self.spec.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": b64encode(hashlib.sha256(verifier.encode()).digest(), b"-_").rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def returned(self, code: str, nonce: str, verifier: str) -> Principal:
        """Who comes back with a code.

        Raises what ``principal`` does, ``UpstreamError`` when the issuer does not answer, and ``ValueError``.
        """
        jws = read(await self._exchanged(code, verifier))
        verify(jws, self._issuer, self.ring, (self.spec.client_id,), self._clock())
        told = jws.claims.get("nonce")
        if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
            refuse("it was not made for this log-in")
        if len(audiences_of(jws.claims)) > 1 and jws.claims.get("azp") != self.spec.client_id:
            refuse("it was given to another client")
        return self._principal_of(jws.claims)

    async def _exchanged(self, code: str, verifier: str) -> bytes:
        """The ID token for a code."""
        discovered = self.discovered or {}
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.return_to,
            "client_id": self.spec.client_id,
            "code_verifier": verifier,
        }
        headers = {"content-type": FORM, "accept": "application/json"}
        if self._secret is not None:
            ways = discovered.get("token_endpoint_auth_methods_supported")
            if isinstance(ways, list) and "client_secret_basic" not in ways:
                form["client_secret"] = self._secret
            else:
                pair = f"{quote(self.spec.client_id, safe='')}:{quote(self._secret, safe='')}"
                headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        url = text_of(discovered, "token_endpoint")
        status, body = await self._fetch("POST", url, headers, urlencode(form).encode())
        if status != 200:
            raise ValueError(f"the issuer does not take the code (status {status})")
        try:
            answer = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            answer = {}
        if not isinstance(answer.get("id_token"), str):
            raise AuthenticationFailed("The issuer has given no ID token.")
        token: str = answer["id_token"]
        return token.encode()

    def _principal_of(self, claims: Mapping[str, Any]) -> Principal:
        issuer = self._issuer
        demand(claims, issuer.require)
        subject, user = name_at(claims, ("sub",)), name_at(claims, issuer.user)
        if subject is None or user is None:
            refuse(f"it has no claim {shown(('sub',) if subject is None else issuer.user)} that can name somebody")
        mark = hashlib.blake2b(f"{issuer.issuer}\n{subject}".encode(), digest_size=10).hexdigest()
        for rule in self.spec.roles:
            if fulfils(claims, rule.when):
                teams = self._teams(claims, rule)
                if teams is None or teams:
                    told = f"{subject} of {issuer.issuer}"
                    return Principal(f"oidc_{mark}", f"{issuer.name}/{user}", Role[rule.role.upper()], teams, told)
        raise PermissionDenied("The token is valid, but its claims give no role here.")

    def _teams(self, claims: Mapping[str, Any], rule: RoleRule) -> frozenset[str] | None:
        if rule.team_claim:
            return frozenset(teams_of(values_at(claims, rule.team_claim), self._issuer.teams))
        return frozenset(rule.teams) or None
