"""Language identification, scripts and variants of Chinese."""
