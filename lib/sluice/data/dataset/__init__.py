"""The training dataset: tokenizer, packing, TFRecord shards, manifest and verification."""
