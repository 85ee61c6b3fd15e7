"""Forms and screenshots of a few rows of text, legible at their own size to an encoder that reads lines."""
