"""Container images on this host: which are there, and how the missing ones get here."""
