"""From the agreement to the end of the evaluation: arrivals, absences, supplementary draws (补抽), gathering times."""
