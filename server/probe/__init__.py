"""Which of the uncertain addresses the real services answer, found by reads alone (`doctor --probe`)."""
