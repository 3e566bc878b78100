"""The shelf of embedders: each file turns texts into vectors whose cosines say how alike the texts are."""
