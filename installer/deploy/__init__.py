"""Deploy and roll back: another image for one service of one application, from its file to its containers."""
