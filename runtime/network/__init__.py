"""What the kernel says of addresses, interfaces and routes."""
