"""Strings of this dialect without which a request has no needs: see ``markers``."""

from __future__ import annotations

from stellwerk.dialects.markers import Markers

_CALLS = ("function_call", "custom_tool_call")

may_need = Markers(
    {
        "vision": ("input_image",),
        "audio_in": ("input_audio",),
        "files": ("input_file",),
        "tools": ("tools", *_CALLS, "function_call_output", "custom_tool_call_output"),
        "parallel_tools": _CALLS,
        "json_schema": ("json_schema",),
        "streaming": ("stream",),
    }
).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
