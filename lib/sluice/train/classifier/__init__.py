"""Training of a text classifier on labelled texts."""
