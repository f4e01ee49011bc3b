"""How the mini-program's API speaks HTTP: one declaration per endpoint gives route, checks, answer and description."""
