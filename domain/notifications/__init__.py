"""Notifications: the lifecycle of an attempt."""
