"""Clinical facts of what was said and of what is written, in one normal form."""
