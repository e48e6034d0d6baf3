"""Spark infrastructure of all stages: session, Arrow batches, schemas, samples, intermediate tables."""
