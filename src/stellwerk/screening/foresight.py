"""What the guard of a long answer will say of it, worked out beforehand: in steps, or by somebody else.

The guard looks at windows of texts, and which they are depends on the texts and on what is found in them. So the same
function runs over the same texts, its verdicts are kept by what was looked at, and the guard itself then finds them.
Whatever it does not find it judges: nothing rests on the foresight but time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from stellwerk.core.inspection import How
from stellwerk.core.part import ToolKind
from stellwerk.core.reply import Reply
from stellwerk.core.stream import StreamEvent
from stellwerk.screening.answer_editing import Kind
from stellwerk.screening.holding import WHOLE, Hold, Notes, Piece, Screener
from stellwerk.screening.judging import Panel
from stellwerk.screening.reply_editing import edit_reply
from stellwerk.screening.stream_editing import StreamEditing

STEP = 256
"""Characters of a text that are taken in at once."""


def texts_of(reply: Reply) -> tuple[tuple[How, str], ...]:
    """What the guard will look at in an answer, and how, in its order."""
    collecting = _Collecting()
    edit_reply(collecting, reply)
    return tuple(collecting.said)


def steps(texts: Iterable[tuple[How, str]], panel: Panel, *, is_held: bool) -> Iterator[None]:
    """Looks at the texts as the guard would: its verdicts are then known to the panel. Each step takes a moment."""
    hold = WHOLE if is_held else Hold()
    for how, text in texts:
        if how is How.JSON:
            panel.look_at_json(text)
        elif how is How.ONCE:
            panel.look_beside(text)
        else:
            screener = Screener(panel.look if how is How.TEXT else panel.look_beside, Notes(), hold)
            for start in range(0, len(text), STEP):
                screener.feed(text[start : start + STEP])
                yield
            screener.flush()
        yield


class Listening:
    """Hears the events of a streamed answer that is judged as a whole, and tells what the guard will look at."""

    __slots__ = ("_collecting", "_editing")

    def __init__(self) -> None:
        self._collecting = _Collecting()
        self._editing = StreamEditing(self._collecting)

    def feed(self, event: StreamEvent) -> None:
        """Hears one event."""
        self._editing.feed(event)

    def flush(self) -> None:
        """The stream is over, whether it said so or broke off."""
        self._editing.flush()

    def take(self) -> tuple[tuple[How, str], ...]:
        """The texts that have ended since this was asked last, and how the guard looks at them."""
        said, self._collecting.said = self._collecting.said, []
        return tuple(said)


class _Collecting:
    """The editing of an answer that changes nothing and listens."""

    __slots__ = ("said",)

    withholds_sound = False
    notice = ""

    def __init__(self) -> None:
        self.said: list[tuple[How, str]] = []

    def text(self, kind: Kind) -> _Ear:
        """Listens to a text that may come in pieces."""
        return _Ear(self, How.TEXT if kind is Kind.TEXT else How.BESIDE)

    def whole(self, text: str) -> str:
        """Notes a text that comes whole."""
        self.note(How.ONCE, text)
        return text

    def arguments(self, tool: str, kind: ToolKind, text: str) -> str:  # noqa: ARG002 - all tools alike
        """Notes the arguments of a call."""
        self.note(How.ONCE if kind is ToolKind.CUSTOM else How.JSON, text)
        return text

    def raw(self, raw: msgspec.Raw) -> msgspec.Raw:
        """Notes JSON of one dialect alone."""
        self.note(How.JSON, bytes(raw).decode("utf-8", "replace"))
        return raw

    def note(self, how: How, text: str) -> None:
        """Keeps what there is to look at."""
        if text:
            self.said.append((how, text))


class _Ear:
    """The editor of one text that changes nothing of it."""

    __slots__ = ("_collecting", "_how", "_pieces")

    is_cut = False

    def __init__(self, collecting: _Collecting, how: How) -> None:
        self._collecting = collecting
        self._how = how
        self._pieces: list[str] = []

    def feed(self, text: str) -> list[Piece]:
        """The same."""
        self._pieces.append(text)
        return [Piece(text, text)] if text else []

    def flush(self) -> list[Piece]:
        """It is complete."""
        self._collecting.note(self._how, "".join(self._pieces))
        return []
