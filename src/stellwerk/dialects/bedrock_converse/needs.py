"""Strings of this dialect without which a request has no needs: see ``markers``.

Whether an answer is streamed, the path says.
"""

from __future__ import annotations

from stellwerk.dialects.markers import ALWAYS, Markers

may_need = Markers(
    {
        "vision": ("image", "video"),
        "audio_in": ("audio",),
        "files": ("document",),
        "tools": ("toolConfig", "toolUse", "toolResult"),
        "parallel_tools": ("toolUse",),
        "json_schema": ("json_schema",),
        "streaming": ALWAYS,
    }
).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
