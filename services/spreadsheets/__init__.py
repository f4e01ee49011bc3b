"""CSV and XLSX: columns and templates, parsing of filled-in sheets, and exports."""
