"""The compact tool list: searching and running the tools that are not listed."""
