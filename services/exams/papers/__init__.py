"""Blueprints (组卷方案), and the papers made from them."""
