"""Strategies, processes and tasks of distributed training."""
