"""File descriptors: every caller and every connection to a provider is one."""

from __future__ import annotations

import resource

SPARE_DESCRIPTORS = 64


def raise_limit() -> None:
    """Takes all that the host allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_per_origin() -> int:
    """As many upstream connections as descriptors allow, half of them being callers'."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(soft // 2 - SPARE_DESCRIPTORS, SPARE_DESCRIPTORS)
