"""Compiled functions of `sluice.text.language`."""
