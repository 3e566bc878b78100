"""Why an answer cannot be the one that was asked for, by its head alone."""

from __future__ import annotations

from stellwerk.http.fields import Headers, media_type


def oddity(headers: Headers, *, is_stream: bool) -> str | None:
    """Why an answer cannot be the one that was asked for, whatever its body says."""
    if is_encoded(headers):
        coding = headers[b"content-encoding"].decode("ascii", "replace")[:40]
        return f"The provider's answer is encoded with {coding}, which was not asked for."
    if is_stream:
        kind = media_type(headers).decode("ascii", "replace") or "nothing"
        return f"The provider answered with {kind} where an event stream was due."
    return None


def is_encoded(headers: Headers) -> bool:
    """Whether the body is packed in a way that was not asked for."""
    return headers.get(b"content-encoding", b"identity").strip().lower() != b"identity"
