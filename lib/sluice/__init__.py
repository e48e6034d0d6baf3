"""sluice: Common Crawl in, language-model training data and a trained LSTM out."""

__version__ = "0.2.0"
