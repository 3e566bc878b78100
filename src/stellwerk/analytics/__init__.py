"""What becomes of finished requests: they are recorded here, and asked about."""
