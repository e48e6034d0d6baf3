"""Near-duplicates at scale: candidate pairs, verified pairs, clusters, removals."""
