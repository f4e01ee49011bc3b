"""Pages of an applicant: to-do items, form, progress, documents; and the verification of a printed form."""
