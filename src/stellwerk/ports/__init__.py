"""Protocols of one to five methods that plugins fulfil and the gateway calls."""
