"""Compiled functions of `sluice.text.unicode`."""
