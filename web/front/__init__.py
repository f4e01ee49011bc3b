"""The first pages, open to everybody: the list of pools, a pool's own, its announced campaigns."""
