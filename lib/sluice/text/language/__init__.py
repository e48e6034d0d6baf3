"""Language identification, scripts and Chinese variants."""
