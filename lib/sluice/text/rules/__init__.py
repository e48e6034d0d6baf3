"""Filter rules, their examples, and fitting of thresholds."""
