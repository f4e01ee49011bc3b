"""The official account's edge: callback random_draw, conversation engine, router and replies."""
