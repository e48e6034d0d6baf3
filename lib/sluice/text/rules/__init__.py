"""Filter rules, their examples, and fitting their thresholds."""
