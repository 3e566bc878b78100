"""What callers are handed of things that providers keep: under sealed ids, and of lists their own alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.shape import Shape
from stellwerk.core.usage import Usage
from stellwerk.dialects import openai_ids, sse
from stellwerk.dialects.openai_passage import reply as passage_reply
from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.dialects.openai_passage.operation import FILES, STORED
from stellwerk.gateway.reply import JSON
from stellwerk.http.fields import Headers, media_type, render

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Relay
    from stellwerk.gateway.vault import Vault

MOST_PAGES = 20
"""How many pages of a provider's list are read for one page of a caller's own."""
_PAGE = {FILES: (10_000, 10_000)}
"""Entries of a page: at most with the provider, and what a caller gets who does not say; by dialect."""
_USUAL_PAGE = (100, 20)
_LIMIT = re.compile(rb"(?:^|&)limit=(\d{1,6})(?=&|$)")
_PAGING = re.compile(rb"(?:^|&)(?:limit|after)=[^&]*")
_RELAYED = (b"content-type", b"content-disposition")


class Handed(msgspec.Struct, frozen=True, gc=False):
    """An answer as its caller gets it: a rendered block of header lines, the body, and what accounting needs."""

    fields: bytes
    body: bytes
    facts: ReplyFacts


class Custody:
    """Of one request: ``envelope`` is what the provider is asked next."""

    __slots__ = ("_found", "_owner", "_pages", "_vault", "_wanted", "envelope")

    def __init__(self, vault: Vault, owner: str, envelope: Envelope) -> None:
        self._vault = vault
        self._owner = owner
        self._found: list[dict[str, Any]] = []
        self._pages = 0
        self._wanted = 0
        self.envelope = envelope
        if isinstance(envelope, Passage) and envelope.is_list:
            most, usual = _PAGE.get(envelope.dialect, _USUAL_PAGE)
            limit = _LIMIT.search(envelope.query)
            self._wanted = max(1, min(int(limit[1]), most)) if limit is not None else usual
            first = envelope.query if limit is None else _LIMIT.sub(b"", envelope.query, 1).lstrip(b"&")
            self.envelope = _with_query(envelope, first, b"limit=%d" % most)

    def seal(self, route: Route, original: str) -> str:
        """The caller's id for what the provider calls so."""
        return self._vault.sealer.seal(original, route.place, self._owner)

    def relay(self, route: Route, relay: Relay) -> SealingRelay:
        """A stream under sealed ids."""
        return SealingRelay(relay, self, route)

    def hand(self, route: Route, headers: Headers, body: bytes, facts: ReplyFacts) -> Handed | None:
        """A whole answer; ``None`` where ``envelope`` is to be asked first. Raises ``UpstreamInvalid``."""
        envelope = self.envelope
        if not isinstance(envelope, Passage):
            return Handed(JSON, openai_ids.seal(body, lambda found: self.seal(route, found)), facts)
        if not envelope.operation.is_kept:
            return Handed(_fields(headers), body, facts)
        facts = ReplyFacts(Usage())
        if envelope.is_list:
            listed = self._list(route, envelope, body)
            return None if listed is None else Handed(JSON, listed, facts)
        if envelope.after == "/content":
            return Handed(_fields(headers), body, facts)
        if media_type(headers) == b"text/event-stream":
            return Handed(_fields(headers), openai_ids.seal(body, lambda one: self.seal(route, one)), facts)
        found = passage_reply.decode(body)
        if envelope.dialect == STORED:
            return Handed(JSON, openai_ids.seal(body, lambda one: self.seal(route, one)), facts)
        if "data" in found:
            return Handed(JSON, body, facts)
        return Handed(JSON, self._object(route, envelope, found), facts)

    def _object(self, route: Route, envelope: Passage, found: dict[str, Any]) -> bytes:
        """One object. Whatever it names belongs to whom it is handed."""
        named: list[str] = []

        def sealed(original: str) -> str:
            named.append(original)
            return self.seal(route, original)

        made = found.get("id")
        body = msgspec.json.encode(passage_reply.seal(found, sealed))
        if envelope.method == b"DELETE":
            self._vault.forget(route.place, envelope.id)
        else:
            self._vault.note(route.place, self._owner, named)
            if envelope.models is not None and type(made) is str:
                self._vault.note_models(route.place, made, envelope.models)
        return body

    def _list(self, route: Route, envelope: Passage, body: bytes) -> bytes | None:
        page = passage_reply.decode_list(body)
        self._pages += 1
        owned = self._vault.owned(route.place, self._owner, [entry["id"] for entry in page.entries])
        self._found += [entry for entry in page.entries if entry["id"] in owned]
        is_full = len(self._found) >= self._wanted
        if page.has_more and not is_full and self._pages < MOST_PAGES:
            last = page.entries[-1]["id"].encode(errors="surrogatepass")
            limit = _LIMIT.search(envelope.query)
            rest = _PAGING.sub(b"", envelope.query).lstrip(b"&")
            after = b"after=" + quote(last, safe="").encode()
            self.envelope = _with_query(envelope, rest, limit[0].lstrip(b"&") if limit else b"", after)
            return None
        shown = [
            passage_reply.seal(entry, lambda found: self.seal(route, found)) for entry in self._found[: self._wanted]
        ]
        told = {
            **page.rest,
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": len(self._found) > self._wanted or (page.has_more and bool(shown)),
        }
        return msgspec.json.encode(told)


class SealingRelay:
    """A relay that puts sealed ids into the events that name what the provider keeps.

    Events are taken whole: those that name nothing, which nearly all do, go on in the same object.
    """

    __slots__ = ("_custody", "_relay", "_route", "_splitter")

    def __init__(self, relay: Relay, custody: Custody, route: Route) -> None:
        self._relay = relay
        self._custody = custody
        self._route = route
        self._splitter = sse.Splitter()

    shape: Shape | None = None
    """No event may pass unread: any may name something."""

    @property
    def is_complete(self) -> bool:
        """Whether the closing event has passed."""
        return self._relay.is_complete

    @property
    def is_cut(self) -> bool:
        """Whether a guardrail has ended it before the provider has."""
        return getattr(self._relay, "is_cut", False)

    @property
    def has_content(self) -> bool:
        """Whether an event with content has passed."""
        return self._relay.has_content

    @property
    def usage(self) -> Usage | None:
        """What was used."""
        return self._relay.usage

    @property
    def finish(self) -> str:
        """Why it ended."""
        return self._relay.finish

    @property
    def error(self) -> str | None:
        """The message of an error event."""
        return self._relay.error

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event."""
        return self._relay.is_between_events

    @property
    def mark(self) -> bytes:
        """What stands in each event once."""
        return self._relay.mark

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens so many events of so many bytes most likely carry."""
        return self._relay.likely_tokens(events, size)

    def feed(self, data: bytes) -> bytes:
        """The caller's bytes for the provider's. Raises ``UpstreamInvalid``."""
        whole = self._splitter.feed(data)
        if len(whole) == 1 and whole[0] is data:
            return self._relay.feed(self._sealed(data))
        return self._relay.feed(self._sealed(b"".join(whole))) if whole else b""

    def flush(self) -> bytes:
        """The provider's stream has ended: what was held back, except an event that nobody can read."""
        rest = b"".join(self._splitter.flush()) or _readable(self._splitter.pending)
        out = self._relay.feed(self._sealed(rest)) if rest else b""
        return out + self._relay.flush()

    def _sealed(self, events: bytes) -> bytes:
        return openai_ids.seal(events, lambda found: self._custody.seal(self._route, found))


def _readable(raw: bytes) -> bytes:
    """An event that only lacks the empty line behind it."""
    event = sse.parse(raw)
    try:
        msgspec.json.decode(b"" if event is None else event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    return raw


def _with_query(envelope: Passage, *parts: bytes) -> Passage:
    return msgspec.structs.replace(envelope, query=b"&".join(part for part in parts if part))


def _fields(headers: Headers) -> bytes:
    """The header lines that say what a body is."""
    return render((name, value) for name in _RELAYED if (value := headers.get(name)) is not None)
