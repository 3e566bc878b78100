"""Writes down what an egress guard has refused."""

from __future__ import annotations

from collections.abc import Callable

from stellwerk.egress.guard import Denial
from stellwerk.supervisor.log import Log


def written_to(log: Log) -> Callable[[Denial], None]:
    """Writes each new refusal into a process's log; its repetitions are only counted."""

    def tell(denial: Denial) -> None:
        log.warning(
            "egress_denied" if denial.is_enforced else "egress_would_be_denied",
            host=denial.host,
            port=denial.port,
            address=denial.address,
            reason=denial.reason,
        )

    return tell
