"""Perplexity, n-gram baselines and generated samples."""
