"""Load and timing through public entries, as ratios in one run. Results stand in docs/reference/performance.md."""
