"""The private Docker registry."""
