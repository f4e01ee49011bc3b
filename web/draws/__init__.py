"""Pages of draws: activities, attendance, the venue's screens, results, public records, invitations, check-in."""
