"""What goes over the wire to a provider, and how a provider's refusal is read: plain values without I/O."""

from __future__ import annotations

import enum

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Where connections go: scheme, host (lower case, no brackets) and port. Pools are kept per origin."""

    scheme: str
    host: str
    port: int

    @property
    def is_tls(self) -> bool:
        """Whether connections to it are encrypted."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """``host`` or ``host:port`` as the Host header wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


class WireRequest(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request to a provider's origin, ready to be framed.

    ``path`` is the request target in origin form. ``fields`` is a rendered header block: complete lines, each ended
    by CRLF, without Host, Content-Length, Connection and the empty line, which the HTTP engine owns.
    """

    path: bytes
    fields: bytes
    body: bytes
    method: bytes = b"POST"


class FailureKind(enum.Enum):
    """Why an attempt did not yield an answer; each kind has its own rule for what comes next."""

    REFUSED = "refused"
    """The request itself is at fault (400, 404, 413, 422): no other attempt, status and reason go to the caller."""
    CREDENTIALS = "credentials"
    """Our key was refused (401, 403): another target may do, the caller sees 502."""
    RATE_LIMITED = "rate_limited"
    """429: another target, or later."""
    UNAVAILABLE = "unavailable"
    """5xx, overloaded, no connection, reset."""
    INVALID = "invalid"
    """An answer that is not the dialect's, or not whole."""
    TIMEOUT = "timeout"
    """A deadline passed."""


KIND_OF_STATUS = {
    400: FailureKind.REFUSED,
    401: FailureKind.CREDENTIALS,
    403: FailureKind.CREDENTIALS,
    404: FailureKind.REFUSED,
    408: FailureKind.TIMEOUT,
    413: FailureKind.REFUSED,
    422: FailureKind.REFUSED,
    429: FailureKind.RATE_LIMITED,
}
"""What a provider's status says where its body says no more; with any other it is unavailable."""


class Failure(msgspec.Struct, frozen=True):
    """One attempt's failure, as a value: kind, the provider's status (0 without an answer) and a readable reason."""

    kind: FailureKind
    message: str
    status: int = 0
    code: str | None = None
    param: str | None = None
    retry_after_s: float | None = None

    @property
    def is_retryable(self) -> bool:
        """Whether another target might succeed where this one failed."""
        return self.kind is not FailureKind.REFUSED
