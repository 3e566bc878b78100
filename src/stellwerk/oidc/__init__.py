"""Tokens of issuers (OpenID Connect): read, verified, and what their claims say. For workers and the admin side."""
