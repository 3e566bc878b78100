"""Keeps a worker's directory up to date: at a notice from the bus, and at every heartbeat by a look at two files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from stellwerk.config.register import Register
from stellwerk.gateway.pipeline import Pipeline
from stellwerk.ports.bus import Notice
from stellwerk.supervisor.log import Log

TOPIC = "directory"
"""Of notices that the directory has a new version."""


class Following:
    """Swaps the pipeline's configuration for one with a new directory, so that nothing concluded from the former holds.

    That is also how a key that expires stops being known on connections that have used it. ``soon`` calls back on the
    event loop: much news is taken in slices, with requests in between.
    """

    def __init__(
        self, register: Register, pipeline: Pipeline, soon: Callable[[Callable[[], None]], object], log: Log
    ) -> None:
        self._register = register
        self._pipeline = pipeline
        self._soon = soon
        self._log = log
        self._told = ""
        self._is_called = False

    def catch_up(self) -> None:
        """Takes everything at once: for a worker that does not serve yet."""
        self._take()
        while self._register.is_behind:
            self._take()

    def beat(self) -> None:
        """Takes what is new, as far as that goes in a millisecond or so."""
        self._take()
        if self._register.is_behind and not self._is_called:
            self._is_called = True
            self._soon(self._go_on)

    def on_notice(self, notice: Notice) -> None:
        """Somebody says that there is a new version."""
        if notice.topic == TOPIC:
            self.beat()

    def _go_on(self) -> None:
        self._is_called = False
        self.beat()

    def _take(self) -> None:
        is_changed = self._register.follow()
        configuration = self._pipeline.configuration
        directory = configuration.directory
        if is_changed or directory.soonest_s <= directory.wall():
            is_metered = configuration.is_metered or self._register.version > 0
            renewed = directory.renewed()
            self._pipeline.configuration = dataclasses.replace(configuration, directory=renewed, is_metered=is_metered)
        self._tell(self._register.problem)

    def _tell(self, problem: str) -> None:
        if problem == self._told:
            return
        self._told = problem
        if problem:
            self._log.error("directory_not_read", reason=problem)
        else:
            self._log.info("directory_read", version=self._register.version)
