"""Who is called to an examination, sittings (场次) and their places."""
