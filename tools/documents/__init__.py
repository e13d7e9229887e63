"""The one reader of a Nanonets document, as v4 answers it, and of a file, as v2 answers it."""
