"""The core: the containers that Shoestring itself defines."""
