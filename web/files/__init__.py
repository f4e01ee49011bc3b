"""Pages of files: material for download, files at short-lived addresses, files by e-mail."""
