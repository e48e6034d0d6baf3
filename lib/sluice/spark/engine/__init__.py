"""Spark infrastructure for all stages: session, Arrow batches, schemas, samples, intermediate tables."""
