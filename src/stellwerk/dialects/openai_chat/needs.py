"""Strings of this dialect without which a request has no needs: see ``markers``."""

from __future__ import annotations

from stellwerk.dialects.markers import Markers

_MODALITIES = ("modalities",)

may_need = Markers(
    {
        "vision": ("image_url", "video_url"),
        "audio_in": ("input_audio", "audio"),
        "audio_out": _MODALITIES,
        "image_out": _MODALITIES,
        "files": ("file",),
        "tools": ("tools", "tool_calls", "tool", "function"),
        "parallel_tools": ("tool_calls",),
        "json_schema": ("json_schema",),
        "streaming": ("stream",),
    },
    listed=("vision", "audio_in", "audio_out", "image_out", "files", "parallel_tools"),
).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
