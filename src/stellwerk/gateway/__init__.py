"""The data plane: an accepted request becomes an answer."""
