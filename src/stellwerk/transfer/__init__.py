"""Configuration and control data as files: out of an installation, into one, and over from other gateways."""
