"""Finding benchmark items in documents."""
