"""The page of small plots that `shoestring metrics` shows."""
