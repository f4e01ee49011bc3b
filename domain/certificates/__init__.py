"""Rules of certificates (证书): their numbers, what is sealed by their digest, and their lifecycle."""
