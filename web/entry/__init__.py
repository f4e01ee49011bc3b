"""Pages of entry into the pool: public notices and objections."""
