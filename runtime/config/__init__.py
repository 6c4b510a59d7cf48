"""What the user writes: the settings, secrets and application files, read into types."""
