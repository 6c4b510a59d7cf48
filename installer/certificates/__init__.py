"""What a user does with certificates beyond renewal: trust, the private CA, reports."""
