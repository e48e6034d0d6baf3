"""The HTML report of a run: curation and training."""
