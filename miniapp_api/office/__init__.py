"""Endpoints of the office: applications, experts, payments, exports."""
