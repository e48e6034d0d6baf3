"""The rows of all tables that stages write, as structs from which Arrow and Spark schemas are derived."""
