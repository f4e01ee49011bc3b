"""Pages of an applicant: to-dos, form, progress, documents; and the check of a printed form."""
