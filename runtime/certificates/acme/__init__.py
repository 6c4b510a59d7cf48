"""Certificates from an ACME server: the clients certbot and lego, challenges and outcomes."""
