"""Compiled functions of `sluice.text.html`."""
