"""Sign-in: access tokens of an issuer, the keys by which they are checked, and where clients learn of it."""
