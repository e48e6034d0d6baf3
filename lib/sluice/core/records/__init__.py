"""The rows of every table that stages write, as structs from which Arrow and Spark schemas are derived."""
