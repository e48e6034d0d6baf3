"""Detection of benchmark items in documents."""
