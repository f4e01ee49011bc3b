"""Endpoints of applications as the applicant sees them: form, files, documents."""
