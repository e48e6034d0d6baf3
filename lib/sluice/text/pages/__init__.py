"""From one archive to documents: start reading here."""
