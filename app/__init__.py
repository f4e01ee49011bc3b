"""Puts everything together once: container, aiohttp application, worker, command line."""
