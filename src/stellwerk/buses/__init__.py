"""Buses: how workers tell one another that something has a new version; one file each."""
