"""Conversion of HTML to text: parsing, main-text extraction, metadata, licences."""
