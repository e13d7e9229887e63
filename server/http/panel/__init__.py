"""The review panel in a browser: its pages, and who is signed in to it."""
