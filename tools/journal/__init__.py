"""What the journal of writes knows: entries, and one-time marks. The server stores them."""
