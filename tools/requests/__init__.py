"""From an agent's arguments to a request: validation and request building."""
