"""Conversion of archives to documents: start reading here."""
