"""The tools that the list `core` has beside the review tools and those that find and run all others.

They are the reads that find ids, and the reads and writes of everyday work for which there is no review tool.
"""

from __future__ import annotations

__all__ = ["CORE_TOOLS"]

CORE_TOOLS = frozenset(
    {
        "nanonets_list_workflows",
        "nanonets_list_documents",
        "nanonets_upload_document",
        "nanonets_retry_exports",
        "studio_list_projects",
        "studio_list_classes",
        "studio_list_project_models",
        "studio_run_adhoc_analysis",
    }
)
