"""The control API: everything the page of phones does, and what journeys, demo and benchmarks drive."""
