"""The stand-in for Nanonets."""
