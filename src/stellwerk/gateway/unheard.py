"""Where the rest of an answer goes when its caller has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stellwerk.errors import UpstreamError
    from stellwerk.http.fields import Headers


class _Unheard:
    """Sink of a call that nobody waits for any more."""

    __slots__ = ()

    def on_head(self, status: int, headers: Headers) -> bool:
        del status, headers
        return True

    def on_body(self, data: bytes) -> None:
        pass

    def on_end(self) -> None:
        pass

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        pass

    def on_failure(self, error: UpstreamError) -> None:
        pass


UNHEARD = _Unheard()
