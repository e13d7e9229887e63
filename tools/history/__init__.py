"""What was changed, by the journal: the entries as an agent needs them, and their undo."""
