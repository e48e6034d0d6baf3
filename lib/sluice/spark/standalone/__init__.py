"""The same stages on a user's own table."""
