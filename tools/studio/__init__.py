"""The review tools for Studio: texts, tags, and the setting up of a project."""
