"""Checks put together: what a policy makes of texts, whole and in streams."""
