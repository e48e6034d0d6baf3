"""Stages of tables that fit in memory, without Spark and Java."""
