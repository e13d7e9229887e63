"""What does not add up in a document: built-in checks, and checks of the user's own in CEL. Sends nothing."""
