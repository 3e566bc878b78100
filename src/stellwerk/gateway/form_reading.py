"""Reads the texts of a form before they are judged: line by line, in the gaps between other requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.dialects.openai_passage.forms import Form
from stellwerk.gateway.slices import Slices
from stellwerk.gateway.stages import screen

if TYPE_CHECKING:
    from stellwerk.core.envelope import Envelope
    from stellwerk.gateway.scheduler import Scheduler

MOST_ASKED = 256
"""Services are asked about so many texts of a form at most: a batch's file may have thousands."""


def form_of(envelope: Envelope) -> Form | None:
    """The form that a request is; nothing where it is none."""
    if not isinstance(envelope, Passage) or not envelope.body or envelope.has_json:
        return None
    return Form(envelope.body, envelope.content_type)


def reading(form: Form, scheduler: Scheduler, done: Callable[[], None], failed: Callable[[Exception], None]) -> Slices:
    """The work of reading it, to be started. ``failed`` is told of ``InvalidRequest``, also for prompts of tokens."""

    def steps() -> Iterator[None]:
        for step in form.read():
            for request in form.requests:
                screen.refuse_tokens(request)
            form.requests.clear()
            yield step

    return Slices(steps(), scheduler.call_later, done, failed)
