"""From the agreement to the end of the evaluation: arrivals, absences, refills."""
