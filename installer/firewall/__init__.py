"""`shoestring firewall`: rules are shown before they are applied, and rolled back unless confirmed."""
