"""Calling experts and taking their answers, reminders, and the end of what no one answered."""
