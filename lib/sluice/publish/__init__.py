"""A corpus in the layout of the Hugging Face hub: files, dataset card, Croissant description, checksums, upload."""
