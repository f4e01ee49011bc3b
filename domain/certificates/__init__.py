"""Rules of certificates (证书): numbers, digest of the contents, lifecycle."""
