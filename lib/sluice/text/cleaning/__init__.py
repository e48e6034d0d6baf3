"""Edits of extracted text: Unicode repair, removal of lines, masking of personal data."""
