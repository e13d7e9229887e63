"""MCP over stdin and stdout: the lines of a host, read so that each gets an answer."""
