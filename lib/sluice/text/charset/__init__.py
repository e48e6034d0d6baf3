"""From bytes to text: declared encodings, detection, and decoding as browsers do it."""
