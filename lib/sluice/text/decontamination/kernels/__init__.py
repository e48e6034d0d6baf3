"""Compiled functions of `sluice.text.decontamination`."""
