"""Credentials of callers, sealed with the caller that they belong to, beside the journal."""
