"""Services that judge texts, simulated: all on one address, told apart by their paths."""
