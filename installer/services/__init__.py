"""The default internal services: folders of templates/services that become application files of a person's own."""
