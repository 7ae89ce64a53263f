"""The note service: turns in, note out."""
