"""Compiled functions of `sluice.text.words`."""
