"""The egress guard of a process: every outgoing connection passes it."""
