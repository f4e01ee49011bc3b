"""A small OpenID Connect provider: persons and organisations as a government identity platform knows them."""
