"""Which certificates are desired, when each is due, and the limits of the authority."""
