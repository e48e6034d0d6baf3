"""Code points, character classes and hashing that all text packages share."""
