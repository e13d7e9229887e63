"""`review_queue`: what waits for a person, in both services."""
