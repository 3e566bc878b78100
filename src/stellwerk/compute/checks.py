"""The checks of the compute process, made when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec

from stellwerk import plugins
from stellwerk.ports.guardrail import Guardrail

MOST_CHECKS = 64


def check_of(use: str, options: Mapping[str, Any]) -> Guardrail:
    """A local check of the shelf. Raises ``ConfigurationError``."""
    return _check(use, msgspec.msgpack.encode(options))


@lru_cache(MOST_CHECKS)
def _check(use: str, options: bytes) -> Guardrail:
    return cast("Guardrail", plugins.build("guardrails", use, msgspec.msgpack.decode(options)))
