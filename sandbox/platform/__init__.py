"""A trading platform: a client of the integrators' API, with a page to send requests and to see events arrive."""
