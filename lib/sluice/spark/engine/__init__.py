"""What every stage needs of Spark: session, Arrow batches, schemas, samples, intermediate tables."""
