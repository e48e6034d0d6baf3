"""Quality signals: their definitions, and the computation of all of them in one pass."""
