"""What a host is shown: tool definitions, their selection, output schemas and the reference."""
