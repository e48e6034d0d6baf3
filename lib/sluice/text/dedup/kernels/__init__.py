"""Compiled functions of `sluice.text.dedup`."""
