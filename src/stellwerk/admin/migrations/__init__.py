"""How the control database came to be what it is: one file for each step, applied in order when the process starts."""
