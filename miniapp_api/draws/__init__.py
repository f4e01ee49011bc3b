"""Endpoints of draws: projects, set-up, verification, three-party order, calling, results, invitations."""
