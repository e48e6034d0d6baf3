"""All settings: one section class per stage, and loading them from YAML files and `--set`."""
