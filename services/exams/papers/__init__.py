"""Blueprints (组卷方案), and papers that are made by them."""
