"""What this host is, and whether Shoestring can be set up on it."""
