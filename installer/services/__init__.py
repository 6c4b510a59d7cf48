"""The internal services: folders of templates/services that become application files of the user."""
