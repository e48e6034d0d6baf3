"""Compiled functions of `sluice.text.signals`."""
