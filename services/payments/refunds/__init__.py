"""Money on its way back, where it goes, and what becomes of the application."""
