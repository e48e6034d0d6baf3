"""The stages of a run: each reads tables, calls transforms, writes, and checks its record accounting."""
