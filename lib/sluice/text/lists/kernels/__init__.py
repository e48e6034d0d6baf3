"""Compiled functions of `sluice.text.lists`."""
