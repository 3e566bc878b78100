"""Why a supervisor cannot start.

::

    CannotStart
    ├── AddressUnavailable    an address that is in use, not this host's, or not permitted
    ├── AlreadyRunning        another supervisor works in the same state directory
    └── NotReady              no worker became ready

The supervisor imports nothing of the rest of the package, so these stand apart from the tree of ``stellwerk.errors``.
"""

from __future__ import annotations


class CannotStart(Exception):
    """Root of the reasons; the message is for the person who started it."""


class AddressUnavailable(CannotStart):
    """An address to listen on that is in use, is not this host's, or is not permitted."""


class AlreadyRunning(CannotStart):
    """Another supervisor works in the same state directory."""


class NotReady(CannotStart):
    """No worker became ready."""
