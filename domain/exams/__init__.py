"""Rules of examinations: items, papers, the merging of answers, marking, statistics."""
