"""Making and editing the files of a data directory."""
