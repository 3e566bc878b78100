"""What a caller is told of a provider's refusal."""

from __future__ import annotations

from stellwerk.core.wire import Failure, FailureKind
from stellwerk.errors import (
    UpstreamCredentials,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

NOT_IMPLEMENTED = 501
"""Says a server, such as llama.cpp's, of what it has not been started for."""


def error_of(failure: Failure) -> UpstreamError:
    """The error that tells a caller of a provider's refusal."""
    match failure.kind:
        case FailureKind.REFUSED:
            return UpstreamRefused(
                failure.message, upstream_status=failure.status, code=failure.code, param=failure.param
            )
        case FailureKind.CREDENTIALS:
            message = f"The provider refused the gateway's credentials (HTTP {failure.status})."
            return UpstreamCredentials(message)
        case FailureKind.RATE_LIMITED:
            return UpstreamRateLimited(failure.message, code=failure.code, retry_after_s=failure.retry_after_s)
        case FailureKind.TIMEOUT:
            return UpstreamTimeout(failure.message)
        case FailureKind.INVALID:
            return _unbilled(UpstreamInvalid(failure.message))
        case FailureKind.UNAVAILABLE:
            is_lasting = failure.status == NOT_IMPLEMENTED
            return UpstreamUnavailable(failure.message, retry_after_s=failure.retry_after_s, is_lasting=is_lasting)


def _unbilled(error: UpstreamError) -> UpstreamError:
    """What came in place of an answer: nobody pays for that."""
    error.may_be_billed = False
    return error
