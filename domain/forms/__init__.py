"""Application forms: checking, values, what a client draws and a person reads."""
