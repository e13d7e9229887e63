"""`review_apply`: changes of documents, planned together and sent a few at a time."""
