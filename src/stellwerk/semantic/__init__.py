"""Whether a stored answer may be given to another question: pure decisions over texts, scores and labels."""
