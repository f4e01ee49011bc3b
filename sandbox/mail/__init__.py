"""E-mail: an SMTP server that keeps what it takes, and shows it on phones."""
