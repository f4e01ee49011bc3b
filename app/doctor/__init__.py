"""``pbt doctor``: checks of settings, servers and vendors, each with what to do about it."""
