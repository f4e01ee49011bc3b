"""The domain's rules: pure, synchronous, no I/O."""
