"""Conversion of bytes to text: declared encodings, detection, and decoding as in browsers."""
