"""Training a text classifier on labelled texts."""
