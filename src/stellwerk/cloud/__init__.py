"""How the clouds know us: signatures, and where credentials come from. Nothing here opens a socket."""
