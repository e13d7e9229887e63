"""The pages of the review panel, as files: what hosts show, and what shows it in a browser."""
