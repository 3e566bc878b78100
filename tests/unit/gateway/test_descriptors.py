"""File descriptors: all that the host allows are taken, and half of them are for connections to providers."""

from __future__ import annotations

import resource

from stellwerk.gateway.descriptors import SPARE_DESCRIPTORS, connections_per_origin, raise_limit


def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1_024), hard))
        assert connections_per_origin() == 512 - SPARE_DESCRIPTORS
        raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
