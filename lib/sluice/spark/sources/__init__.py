"""The sources that a stage can read: the documents of a run, or a user's table."""
