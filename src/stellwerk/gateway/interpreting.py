"""Who translates between a caller and the target of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.errors import InvalidRequest

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.gate import Gate
    from stellwerk.gateway.reply import Reply


def interpret(
    reply: Reply, route: Route, gate: Gate | None, former: Interpretation | None, *, is_weighed: bool
) -> Interpretation | None:
    """The interpreter for a target; ``None`` where it speaks the caller's dialect and is asked no more than that.

    ``former`` is one of the same request that is free again. Raises ``InvalidRequest`` where nobody can translate.
    """
    lease = reply.lease
    if not is_weighed and route.provider.speaks(lease.envelope.dialect):
        return None
    interpreter = former or reply.dialect.interpret(lease.envelope, lease.request_id)
    if interpreter is None:
        message = f"The model's provider '{route.target.provider}' does not serve this path."
        raise InvalidRequest(message, param="model")
    if gate is not None:
        gate.brief(interpreter, is_weighed=is_weighed)
    return interpreter
