"""What a dialect cannot say of a neutral request, as a table: refused by field name, or dropped with a warning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stellwerk.core.chat import ChatRequest
from stellwerk.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Loss:
    """One field that an encoder leaves out. ``field`` is its neutral path, such as ``sampling.top_k``.

    Without it the answer is either still an answer to what was asked, and it is dropped, or it would be another one,
    and the request is refused. ``occurs`` says whether a request carries it.
    """

    field: str
    is_refused: bool
    why: str
    occurs: Callable[[ChatRequest], bool]


def judge(losses: Iterable[Loss], request: ChatRequest) -> tuple[str, ...]:
    """The fields that are dropped, in the table's order. Raises ``InvalidRequest`` for the first that is refused."""
    dropped = []
    for loss in losses:
        if loss.occurs(request):
            if loss.is_refused:
                raise InvalidRequest(f"The model's provider cannot take '{loss.field}': {loss.why}.", param=loss.field)
            dropped.append(loss.field)
    return tuple(dropped)
