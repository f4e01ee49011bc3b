"""Pages of files: material to download, files at short-lived addresses, files by e-mail."""
