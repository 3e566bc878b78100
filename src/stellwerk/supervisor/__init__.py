"""Runs the processes of one host: their sockets, restarts, drain and reload; needs the standard library alone."""
