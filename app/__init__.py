"""Assembles the program once: container, aiohttp application, worker, command line."""
