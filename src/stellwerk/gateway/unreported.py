"""What a call used whose provider never said so, since it was broken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.core.tokens import likely
from stellwerk.errors import StellwerkError
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.core.envelope import Envelope
    from stellwerk.gateway.dialect import Dialect


def prompt_tokens(dialect: Dialect, envelope: Envelope) -> int:
    """How many tokens a request of chat most likely has; 0 where that cannot be told from it."""
    try:
        interpreter = dialect.interpret(envelope, "")
        return likely(interpreter.read()) if isinstance(interpreter, Interpreter) else 0
    except StellwerkError:  # what a provider of the same dialect may have understood all the same
        return 0
