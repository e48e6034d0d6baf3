"""Selection of archives and records to read, and cost estimates."""
