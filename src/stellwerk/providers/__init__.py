"""Upstream providers, one file each."""
