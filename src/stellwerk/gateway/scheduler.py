"""What exchanges need of their process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stellwerk.gateway.media import Media
    from stellwerk.http.deadlines import Deadlines, Timer
    from stellwerk.ports.compute import Compute
    from stellwerk.supervisor.log import Log


class Scheduler:
    """Deadlines, a later call, a place to report a defect, a way to media, and to the compute process."""

    __slots__ = ("call_later", "compute", "deadlines", "log", "media")

    def __init__(
        self, deadlines: Deadlines, call_later: Callable[[float, Callable[[], None]], Timer], log: Log, media: Media
    ) -> None:
        self.deadlines = deadlines
        self.call_later = call_later
        self.log = log
        self.media = media
        self.compute: Compute | None = None
        """Who does what costs more than a millisecond; nobody before somebody has a use for it."""
