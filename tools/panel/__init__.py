"""The review panel's side of the tools: a document for it, page by page."""
