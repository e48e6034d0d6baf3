"""Puts this folder on the import path, so that `archives` can be shared by the tests below it."""
