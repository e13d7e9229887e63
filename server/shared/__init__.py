"""State that several servers share through Redis, and what stands in for it in one process."""
