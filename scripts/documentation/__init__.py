"""Write the documentation that is made from records and from calls on the sandbox."""
