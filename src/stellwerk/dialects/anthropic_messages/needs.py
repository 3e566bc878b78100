"""Strings of this dialect without which a request has no needs: see ``markers``."""

from __future__ import annotations

from stellwerk.dialects.markers import Markers

may_need = Markers(
    {
        "vision": ("image",),
        "files": ("document",),
        "tools": ("tools", "tool_use", "tool_result"),
        "parallel_tools": ("tool_use",),
        "json_schema": ("json_schema",),
        "streaming": ("stream",),
    },
    listed=("vision", "files", "tools", "parallel_tools"),
).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
