"""The item bank (题库): items, keys, pictures, import and export."""
