"""Tables over many documents or texts: rows, conditions on them, totals, files and charts."""
