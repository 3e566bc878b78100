"""Stores of request events, one module each."""
