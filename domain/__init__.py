"""The law of the place: pure, synchronous, no I/O."""
