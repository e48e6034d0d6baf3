"""Block lists of domains and URLs, words in URLs, and bad words."""
