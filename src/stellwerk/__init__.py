"""Stellwerk: a gateway between applications and the providers of language models."""

__version__ = "0.1.0"
