"""The main job without a browser, and what drives it: people with phones who speak to us over the real wire only."""
