"""A service of AWS that judges texts: asked with JSON, signed as the request leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stellwerk.cloud.refreshing import Renewed
from stellwerk.cloud.sigv4 import Signer
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import VerdictHost, bearer

if TYPE_CHECKING:
    from stellwerk.cloud.aws_access import Access, Place
    from stellwerk.cloud.aws_credentials import Credentials

_JSON = "application/json"


class AwsService(Renewed):
    """A service at a place. ``signed_as`` is its name in signatures.

    Requests bear ``api_key``, or are signed with the credentials of ``access``.
    """

    def __init__(
        self, place: Place, access: Access | None, *, signed_as: str, content_type: str = _JSON, api_key: str = ""
    ) -> None:
        self._content_type = content_type
        self._host = VerdictHost(place.base_url, (("content-type", content_type), *bearer(api_key)))
        self.origin = self._host.origin
        self._authority = self.origin.authority.encode()
        self._signer = Signer(place.region, signed_as)
        if access is not None:
            self.holder = access.holder
            self.origins = access.origins

    def ask(self, path: str, asked: Any, operation: str = "") -> WireRequest:
        """A request with ``asked`` as its JSON; ``operation`` is its name where one path serves several."""
        request = self._host.ask(path, asked)
        line = b"x-amz-target: %b\r\n" % operation.encode() if operation else b""
        return WireRequest(request.path, request.fields + line, request.body)

    def sign(self, request: WireRequest, now: float) -> WireRequest:
        """The request with the header lines that prove who sends it; as it is where an API key does that.

        Raises ``UpstreamCredentials`` while there are no credentials.
        """
        if self.holder is None:
            return request
        credentials: Credentials = self.holder.current()
        covered = [(b"content-type", self._content_type.encode())]
        _, is_named, rest = request.fields.partition(b"x-amz-target: ")
        if is_named:
            covered.append((b"x-amz-target", rest.partition(b"\r\n")[0]))
        lines = self._signer.sign(
            request.method, self._authority, request.path, b"", covered, request.body, credentials, now
        )
        return WireRequest(request.path, request.fields + lines, request.body, request.method)
