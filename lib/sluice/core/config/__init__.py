"""Every setting: one section class per stage, and loading them from YAML and `--set`."""
