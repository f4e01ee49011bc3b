"""Money, fees and their lifecycles."""
