"""`python -m docreview_mcp.server` is the `docreview-mcp` command."""

from .command_line import main

main()
