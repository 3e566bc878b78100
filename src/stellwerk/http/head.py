"""What a request's head must be beyond what the parser demands: rules for version, coding, Host and target.

Every rule raises ``InvalidRequest`` where two servers might read the head differently (RFC 9112, sections 3 and 6).
"""

from __future__ import annotations

import re

from stellwerk.errors import HeadersTooLarge, InvalidRequest
from stellwerk.http.fields import Headers

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")


def check_version(version: str, headers: Headers) -> None:
    """A version other than 1.1 must be 1.0, which has no Transfer-Encoding."""
    if version != "1.0":
        raise InvalidRequest(f"HTTP/{version} is not served here; use HTTP/1.1.")
    if b"transfer-encoding" in headers:
        raise InvalidRequest("An HTTP/1.0 request cannot have a Transfer-Encoding.")


def check_coding(coding: bytes) -> None:
    """A Transfer-Encoding must be ``chunked``, and nothing else."""
    if coding.strip().lower() != b"chunked":
        raise InvalidRequest("Only 'chunked' is understood as Transfer-Encoding.")


def check_host(host: bytes | None, *, is_required: bool) -> None:
    """The Host must be there, and be a name or an address, with a port or without."""
    if host is None:
        if is_required:
            raise InvalidRequest("The request has no Host header.")
    elif _HOST.fullmatch(host.strip()) is None:
        raise InvalidRequest("The request's Host header is not a host name or address.")


def read_target(target: bytes, host: bytes | None, method: bytes, limit_bytes: int) -> tuple[bytes, bytes]:
    """Path and query of a target in origin form, absolute form, or ``*`` for OPTIONS."""
    if len(target) > limit_bytes:
        raise HeadersTooLarge(f"The request's target is over {limit_bytes} bytes.")
    if _TARGET.fullmatch(target) is None:
        raise InvalidRequest("The request's target has characters that no target may have.")
    if not target.startswith(b"/") and not (target == b"*" and method == b"OPTIONS"):
        target = _origin_form(target, host)
    path, _, query = target.partition(b"?")
    return path, query


def _origin_form(target: bytes, host: bytes | None) -> bytes:
    """The path of a target in absolute form (RFC 9112, section 3.2.2), whose authority must be the Host's."""
    scheme, separator, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if not separator or scheme.lower() not in {b"http", b"https"} or b"?" in authority or b"#" in authority:
        raise InvalidRequest("The request's target is neither a path nor an http URL.")
    if host is not None and authority.lower() != host.strip().lower():
        raise InvalidRequest("The request's target and its Host header name different hosts.")
    return slash + path if slash else b"/"
