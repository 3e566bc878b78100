"""Strings of this dialect without which a request has no needs: see ``markers``.

Names may be written in either of Google's two ways. Whether an answer is streamed, the path says.
"""

from __future__ import annotations

from stellwerk.dialects.markers import ALWAYS, Markers

_MEDIA = ("inlineData", "inline_data", "fileData", "file_data")
"""Their types say what they are."""
_MODALITIES = ("responseModalities", "response_modalities")
_CALLS = ("functionCall", "function_call")

may_need = Markers(
    {
        "vision": _MEDIA,
        "audio_in": _MEDIA,
        "audio_out": _MODALITIES,
        "image_out": _MODALITIES,
        "files": _MEDIA,
        "tools": (
            *("functionDeclarations", "function_declarations", "functionResponse", "function_response"),
            *_CALLS,
        ),
        "parallel_tools": _CALLS,
        "json_schema": ("application/json",),
        "streaming": ALWAYS,
    }
).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
