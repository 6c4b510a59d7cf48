"""The Docker Engine and Docker Compose: containers and images as observed, projects as desired."""
