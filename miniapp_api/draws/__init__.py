"""Endpoints of draws: projects, set-up, verification, the order by three parties, calling, results, invitations."""
