"""Endpoints of the office's desk: applications, experts, payments, exports."""
