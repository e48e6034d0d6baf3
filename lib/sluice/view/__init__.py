"""Samples of a run to look at: an index of its documents, and a local page to search, read and mark them."""
