"""Channels on which somebody is told of something, one file each."""
