"""Reading of texts and rows from JSON lines, text files and Parquet."""
