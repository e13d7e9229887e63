"""The commands of `docreview-mcp`, one file for each."""
