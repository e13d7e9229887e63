"""What an agent may do with this server: the rules that the user sets."""
