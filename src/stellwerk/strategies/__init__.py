"""Routing strategies, one file each."""
