"""E-mail: an SMTP server that keeps the messages it accepts, and shows them on phones."""
