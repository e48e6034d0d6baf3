"""Compiled functions of `sluice.text.cleaning`."""
