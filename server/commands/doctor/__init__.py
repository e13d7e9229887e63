"""`docreview-mcp doctor`: what a user may have got wrong, one file for each thing that it looks at."""
