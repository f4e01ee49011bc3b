"""Calling experts, their answers, reminders, and expiry of unanswered invitations."""
