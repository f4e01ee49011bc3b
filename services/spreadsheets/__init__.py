"""CSV and XLSX: columns and templates, reading what people filled in, and lists to take away."""
