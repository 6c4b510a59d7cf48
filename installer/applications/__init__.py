"""Applications as the installer changes them: one service, its image in the file, and whether it then runs."""
