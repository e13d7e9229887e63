"""The review tools and what only they use."""
