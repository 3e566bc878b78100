"""A long file that is read before its request is asked of a provider: piece by piece, in the gaps between others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.errors import StellwerkError

if TYPE_CHECKING:
    from stellwerk.dialects.openai_passage.batch import BatchFile
    from stellwerk.gateway.reply import Reply

PIECE_BYTES = 65_536
"""Read at once: about a millisecond's work where lines are short."""


class Reading:
    """Owner of the caller's request until its file is read; then ``go`` has another one take over.

    Either may raise a ``StellwerkError``, which is the caller's answer.
    """

    __slots__ = ("_file", "_go", "_is_gone", "_reply")

    def __init__(self, reply: Reply, file: BatchFile, go: Callable[[], None]) -> None:
        self._reply = reply
        self._file = file
        self._go = go
        self._is_gone = False

    def start(self) -> None:
        """Reads the first piece."""
        self._reply.request.owner = self
        self._go_on()

    def on_gone(self) -> None:
        """The caller has left: so does the rest of the file."""
        self._is_gone = True
        self._reply.cancel(None, "")

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    def _go_on(self) -> None:
        if self._is_gone:
            return
        try:
            if self._file.read(PIECE_BYTES):
                asyncio.get_running_loop().call_soon(self._go_on)
                return
            self._go()
        except StellwerkError as error:
            self._reply.fail(error)
