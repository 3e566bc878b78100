"""Alerts: what is due, and telling it until somebody has it."""
