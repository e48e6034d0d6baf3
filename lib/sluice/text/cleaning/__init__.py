"""Edits of extracted text: repaired Unicode, dropped lines, masked personal data."""
