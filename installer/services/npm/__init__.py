"""The private npm registry."""
