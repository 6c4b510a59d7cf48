"""Replace a version: start the new replica before the old one stops, or after."""
