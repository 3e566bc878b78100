"""Cross-origin requests from browsers: which origins may call, and what a preflight is told."""

from __future__ import annotations

from dataclasses import dataclass

from stellwerk.core.snapshot import CorsSpec
from stellwerk.http.fields import Headers, is_safe_value, render

_METHODS = b"GET, POST, DELETE, OPTIONS"


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that may call from a browser. Keys travel in headers, never in cookies: no credentials mode."""

    origins: frozenset[bytes]
    max_age_s: int

    @classmethod
    def of(cls, spec: CorsSpec | None) -> Cors | None:
        """From the configuration; ``None`` where no origin is allowed."""
        if spec is None or not spec.origins:
            return None
        return cls(frozenset(origin.rstrip("/").encode() for origin in spec.origins), spec.max_age_s)

    def fields(self, headers: Headers) -> bytes:
        """What every answer to this request says about its origin: nothing when the origin is not allowed."""
        origin = headers.get(b"origin")
        if origin is None:
            return b"" if b"*" in self.origins else b"vary: origin\r\n"
        if b"*" in self.origins:
            return b"access-control-allow-origin: *\r\naccess-control-expose-headers: *\r\n"
        if origin not in self.origins or not is_safe_value(origin):
            return b"vary: origin\r\n"
        return b"access-control-allow-origin: %b\r\naccess-control-expose-headers: *\r\nvary: origin\r\n" % origin

    def preflight(self, headers: Headers) -> bytes | None:
        """The head of the answer to a preflight; ``None`` when this is not one, or its origin is not allowed."""
        origin = headers.get(b"origin")
        if origin is None or b"access-control-request-method" not in headers:
            return None
        if b"*" not in self.origins and origin not in self.origins:
            return None
        wanted = headers.get(b"access-control-request-headers", b"")
        return render(
            (
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", wanted if wanted and is_safe_value(wanted) else b"*"),
                (b"access-control-max-age", b"%d" % self.max_age_s),
            )
        )
