"""Near-duplicates at scale: candidates, verified pairs, clusters, removals."""
