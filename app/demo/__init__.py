"""The demonstration: simulated people with phones, who use the service over HTTP only."""
