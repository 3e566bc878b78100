"""Texts as checks read them: disguises removed, places kept. Pure functions only."""
