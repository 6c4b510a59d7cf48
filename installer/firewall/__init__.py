"""`shoestring firewall`: shown before it is applied, tried before it is kept."""
