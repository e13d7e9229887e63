"""Serving many callers over streamable HTTP: who may call, how much, and what every refusal looks like."""
