"""HTTP layer of the mini-program's API: one declaration per endpoint gives route, checks, response and description."""
