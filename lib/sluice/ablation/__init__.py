"""Trains small models on variants of a corpus and compares them. It alone uses both text processing and training."""
