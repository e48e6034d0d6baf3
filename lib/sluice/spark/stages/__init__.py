"""The stages of a run. Each reads tables, calls transforms, writes tables, and checks its record counts."""
