"""Strings of this dialect without which a request has no needs: see ``markers``."""

from __future__ import annotations

from stellwerk.dialects.markers import Markers

may_need = Markers({"streaming": ("stream",)}).may_need
"""Whether a request may need any of these capabilities, told from its bytes."""
