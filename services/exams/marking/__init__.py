"""Marks, rulings, appeals, results and their analysis."""
