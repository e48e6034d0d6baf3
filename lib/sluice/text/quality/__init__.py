"""Learned quality scores: training, scoring, metrics and language-model scores."""
