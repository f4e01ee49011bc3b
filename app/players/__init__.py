"""Simulated people, who use the service as people do: on its pages, in chat and in the mini-program, over HTTP only.

The demonstration, the journeys, the fault tests and the benchmarks share them.
"""
