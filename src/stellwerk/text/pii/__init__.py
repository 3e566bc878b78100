"""Rules that find personal data: tables of patterns, each bounded in width, and what tells a true hit from a false."""
