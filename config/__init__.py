"""Settings from the environment, logging, and one rulebook per province in rulebooks/*.toml."""
