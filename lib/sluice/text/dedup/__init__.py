"""Normalised texts, shingles, MinHash signatures, banding, and the rule that decides which copy is kept."""
