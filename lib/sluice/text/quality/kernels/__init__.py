"""Compiled functions of `sluice.text.quality`."""
