"""The HTTP side: one shared client for each service, with credentials and retries."""
