"""Code points, character classes and hashing, shared by all text packages."""
