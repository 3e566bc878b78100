"""Takes out of what is kept what the policy for logs finds in it: nothing of that leaves the process.

A text that a check could not look at is not kept at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec

from stellwerk.core.event import RequestEvent
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Span, apart
from stellwerk.errors import StoreUnavailable
from stellwerk.screening.edits import How, Manner
from stellwerk.screening.policy import Rule
from stellwerk.text.reading import read

MOST_REMEMBERED = 2_048
LONGEST_REMEMBERED = 256
LONGEST = 65_536
"""Of a longer text the rest is left out."""
_WITHHELD = "withheld"
WITHHELD = f"[{_WITHHELD}]"
"""Stands for a text that is not kept."""
_FIELDS = ("model", "tags", "finish", "usage_details")
"""Of an event, what callers and providers have written."""


class Redaction:
    """The local checks of the side ``log``: what they find is masked; a text that is bad as a whole is withheld."""

    __slots__ = ("_remembered", "_rules", "key")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._remembered: OrderedDict[tuple[str, How], str] = OrderedDict()
        self.key: Callable[[], bytes] = bytes
        """Keys the digests by which callers can still be told apart."""

    def text(self, text: str) -> str:
        """A text as it may be kept."""
        return self._known(text, How.LABEL)

    def caller(self, name: str) -> str:
        """The name of who called: what is found in it gets a digest, for one caller has to stay one."""
        try:
            return self._known(name, How.HASH)
        except StoreUnavailable:  # without a key nobody can be told apart, and nobody is told
            return self._known(name, How.LABEL)

    def event(self, event: RequestEvent) -> RequestEvent:
        """An event as it may be kept."""
        changed = {
            name: redacted for name in _FIELDS if (redacted := self.text(written := getattr(event, name))) != written
        }
        if (name := self.caller(event.key_name)) != event.key_name:
            changed["key_name"] = name
        return msgspec.structs.replace(event, **changed) if changed else event

    def _known(self, text: str, how: How) -> str:
        if not text:
            return text
        known = self._remembered.get((text, how))
        if known is not None:
            return known
        redacted = self._redacted(text[:LONGEST], how)
        if len(text) <= LONGEST_REMEMBERED:
            self._remembered[text, how] = redacted
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return redacted

    def _redacted(self, text: str, how: How) -> str:
        subject = read(text, side=Side.LOG)
        spans: list[Span] = []
        for rule in self._rules:
            for verdict in rule.judge(subject):
                if verdict.error is not None or not verdict.spans:
                    return self._manner(how).of(_WITHHELD, text)
                spans += verdict.spans
        if not spans:
            return text
        manner = self._manner(how)
        pieces: list[str] = []
        after = 0
        for span in apart(spans):
            pieces += (text[after : span.start], manner.of(span.label, text[span.start : span.end]))
            after = span.end
        return "".join((*pieces, text[after:]))

    def _manner(self, how: How) -> Manner:
        """How what is found is replaced. Raises ``StoreUnavailable``."""
        return Manner(otherwise=how, key=self.key()) if how is How.HASH else Manner()
