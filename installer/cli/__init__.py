"""The commands of `shoestring`."""
