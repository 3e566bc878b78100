"""The whole error tree.

::

    StellwerkError
    ├── ConfigurationError            a configuration that cannot be used (lists every problem at once)
    ├── RequestError                  the caller's request cannot be served as it stands
    │   ├── InvalidRequest            400  malformed, wrong types, not the dialect
    │   │   └── MediaUnavailable      400  media behind a URL that a provider needs and the gateway cannot fetch
    │   ├── ContentBlocked            400  a guardrail does not let the request or its answer through
    │   ├── AuthenticationFailed      401  no key, unknown key
    │   ├── BudgetExceeded            402  a hard budget cannot pay for it
    │   ├── PermissionDenied          403  the key may not do this
    │   ├── NotFound                  404  unknown path or model
    │   │   └── NoCapableTarget       404  a model none of whose targets can do what the request needs
    │   ├── MethodNotAllowed          405
    │   ├── RequestTimeout            408  the caller sent too slowly
    │   ├── PayloadTooLarge           413
    │   ├── LimitExceeded             429  more requests, tokens, or at the same time, than a limit allows
    │   └── HeadersTooLarge           431
    ├── UpstreamError                 a provider did not give a usable answer
    │   ├── UpstreamRefused           its own 4xx, handed on with status and reason
    │   ├── UpstreamRateLimited       429  it has no room for us now
    │   ├── UpstreamUnavailable       502  no connection, reset, refused
    │   │   └── EgressDenied          502  the egress policy does not allow the connection
    │   ├── UpstreamInvalid           502  an answer that is not the dialect's, or not whole
    │   ├── UpstreamCredentials       502  it refused our credentials
    │   └── UpstreamTimeout           504  no answer within the deadline
    ├── Overloaded                    503  the gateway itself has no room, or is draining
    │   └── IssuerUnavailable         503  the keys that a token has to be verified with are not there
    ├── GuardrailUnavailable          503  a check that must run could not
    └── StoreUnavailable              503  one of the platform's own databases is away

Every class carries three class attributes: ``status`` (HTTP status towards the caller), ``code`` (stable, machine
readable) and ``retryable`` (may another target, or the same one later, succeed?). An instance carries the message a
caller may read and, where it is known, the ``param`` of the request that is to blame. Secrets and stack traces never
go into a message.
"""

from __future__ import annotations

from typing import ClassVar


class StellwerkError(Exception):
    """Root of all errors that travel between parts of the platform."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class ConfigurationError(StellwerkError):
    """A configuration that cannot be used; ``problems`` holds one line for each fault found."""

    code = "invalid_configuration"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RequestError(StellwerkError):
    """The caller's request cannot be served as it stands."""

    status = 400
    code = "invalid_request"


class InvalidRequest(RequestError):
    """Malformed, of the wrong types, or not the dialect it claims to be."""


class MediaUnavailable(InvalidRequest):
    """Media behind a URL that cannot be fetched for a provider which takes only bytes; another one may take the URL."""

    code = "media_unavailable"
    retryable = True


class ContentBlocked(RequestError):
    """A guardrail does not let the request, or the answer to it, through."""

    code = "content_blocked"


class AuthenticationFailed(RequestError):
    """No key, or a key that nobody knows."""

    status = 401
    code = "invalid_api_key"


class BudgetExceeded(RequestError):
    """A hard budget that might not be able to pay for the request; ``retry_after_s`` is when it begins anew."""

    status = 402
    code = "budget_exceeded"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LimitExceeded(RequestError):
    """More requests or tokens than a limit allows in its time, or more requests at the same time."""

    status = 429
    code = "limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermissionDenied(RequestError):
    """A known key that may not do this."""

    status = 403
    code = "permission_denied"


class NotFound(RequestError):
    """An unknown path, or a model that is not configured."""

    status = 404
    code = "not_found"


class ModelNotFound(NotFound):
    """A model name that is not configured, or that the caller's key may not use."""

    code = "model_not_found"


class NoCapableTarget(NotFound):
    """A model none of whose targets can do what the request needs, or has room for it."""

    code = "no_capable_target"


class MethodNotAllowed(RequestError):
    """A known path with a method that it does not serve."""

    status = 405
    code = "method_not_allowed"


class RequestTimeout(RequestError):
    """The caller took too long to send its request."""

    status = 408
    code = "request_timeout"


class PayloadTooLarge(RequestError):
    """A body over the configured limit."""

    status = 413
    code = "payload_too_large"


class HeadersTooLarge(RequestError):
    """A request line or headers over the configured limit."""

    status = 431
    code = "headers_too_large"


class UpstreamError(StellwerkError):
    """A provider did not give a usable answer.

    ``upstream_code`` is its own word for why, and ``retry_after_s`` how long it wants to be left alone, where it says.
    """

    upstream_code: str | None = None
    retry_after_s: float | None = None
    is_lasting: bool = False
    """Whether asking the same target again would change nothing, while another one may do."""
    may_be_billed: bool = False
    """Whether the provider may have done its work all the same, and wants to be paid for it."""
    status = 502
    code = "upstream_error"
    retryable = True


class UpstreamRefused(UpstreamError):
    """The provider refused this request for the request's own sake; its status and reason are handed on."""

    code = "upstream_refused"
    retryable = False

    def __init__(
        self, message: str, *, upstream_status: int, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.upstream_status = upstream_status
        self.upstream_code = code


class UpstreamRateLimited(UpstreamError):
    """The provider has no room for us now."""

    status = 429
    code = "upstream_rate_limited"

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.upstream_code = code
        self.retry_after_s = retry_after_s


class UpstreamUnavailable(UpstreamError):
    """No connection to the provider, or one that broke before an answer, or a provider that is down."""

    code = "upstream_unavailable"

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        is_lasting: bool = False,
        may_be_billed: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        if is_lasting:
            self.is_lasting = True
        if may_be_billed:
            self.may_be_billed = True


class EgressDenied(UpstreamUnavailable):
    """The egress policy does not allow the connection; asking again would change nothing, another target may do."""

    code = "egress_denied"
    is_lasting = True


class UpstreamInvalid(UpstreamError):
    """An answer that is not the dialect's, lies about its length, or ends too early."""

    code = "upstream_invalid"
    may_be_billed = True


class UpstreamCredentials(UpstreamError):
    """The provider refused the gateway's own credentials."""

    code = "upstream_credentials"
    is_lasting = True


class UpstreamTimeout(UpstreamError):
    """The provider did not answer within the deadline."""

    status = 504
    code = "upstream_timeout"
    is_lasting = True

    def __init__(self, message: str, *, may_be_billed: bool = False) -> None:
        super().__init__(message)
        if may_be_billed:
            self.may_be_billed = True


class Overloaded(StellwerkError):
    """The gateway itself has no room for the request, or no provider that it could ask."""

    status = 503
    code = "overloaded"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IssuerUnavailable(Overloaded):
    """A token of an issuer whose keys have not been fetched yet, or too long ago."""

    code = "issuer_unavailable"


class GuardrailUnavailable(StellwerkError):
    """A check did not run, or said nothing that can be understood, and nothing may pass without it."""

    status = 503
    code = "guardrail_unavailable"
    retryable = True


class StoreUnavailable(StellwerkError):
    """A database of the platform itself cannot be read or written now."""

    status = 503
    code = "store_unavailable"
    retryable = True
