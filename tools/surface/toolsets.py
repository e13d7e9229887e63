"""What each toolset is for, in a few words; empty where its name says it."""

from __future__ import annotations

__all__ = ["TOOLSETS"]

TOOLSETS = {
    "review": "whole steps in one call, best for most work: queue, document, table, apply, files, undo",
    "nanonets-documents": "upload and read documents and their values",
    "nanonets-moderation": "correct and verify fields, tables, cells",
    "nanonets-files": "approve, unapprove, assign, export files",
    "nanonets-setup": "create and train workflows and models",
    "studio-projects": "projects, their analyses and tasks",
    "studio-taxonomy": "classes and labels of a project",
    "studio-documents": "texts, groups, information extraction",
    "studio-labeling": "sessions",
    "studio-corrections": "correct predicted tags",
    "studio-models": "train, describe",
    "studio-analyses": "ad-hoc and batch",
    "studio-hitl": "human-in-the-loop",
    "studio-notifications": "",
    "studio-workspaces": "members, invitations",
    "studio-accounts": "users, sign-in, keys",
}
