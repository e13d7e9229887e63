"""`docreview-mcp demo`: the story of a review, told by real calls."""
