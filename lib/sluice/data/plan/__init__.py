"""Which archives and which of their records are read, and what that costs."""
