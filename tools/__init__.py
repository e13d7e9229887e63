"""What an agent sees and may do: tools derived from operations, and the one way of every call.

Each name is imported from its module when it is first asked for, so that a start does not wait for the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .call import call_tool, failure_result
    from .failure import NOTHING_SENT, ToolFailure
    from .guards.confirmation_codes import Codes
    from .guards.context import Ask, CallContext, Consent, Guards, Report, Upstream, no_answer
    from .journal.entries import Caller, Journal, JournalFault
    from .journal.marks import MemoryMarks
    from .policy.policy import Policy
    from .redaction import REMOVED, without_secrets
    from .requests.request import (
        FileSource,
        FormBody,
        JsonBody,
        MultipartBody,
        Request,
        build_request,
    )
    from .requests.validation import validate_arguments
    from .results.images import Picture
    from .results.response import Response
    from .results.result import Attachment, ToolResult
    from .surface.selection import Selection, SelectionError, SurfaceName
    from .surface.tool import ConfirmMode, Tool, load_tools

__all__ = [
    "NOTHING_SENT",
    "REMOVED",
    "Ask",
    "Attachment",
    "CallContext",
    "Caller",
    "Codes",
    "ConfirmMode",
    "Consent",
    "FileSource",
    "FormBody",
    "Guards",
    "Journal",
    "JournalFault",
    "JsonBody",
    "MemoryMarks",
    "MultipartBody",
    "Picture",
    "Policy",
    "Report",
    "Request",
    "Response",
    "Selection",
    "SelectionError",
    "SurfaceName",
    "Tool",
    "ToolFailure",
    "ToolResult",
    "Upstream",
    "build_request",
    "call_tool",
    "failure_result",
    "load_tools",
    "no_answer",
    "validate_arguments",
    "without_secrets",
]

_MODULES = {
    "call": ("call_tool", "failure_result"),
    "failure": ("NOTHING_SENT", "ToolFailure"),
    "guards.confirmation_codes": ("Codes",),
    "guards.context": ("Ask", "CallContext", "Consent", "Guards", "Report", "Upstream", "no_answer"),
    "journal.entries": ("Caller", "Journal", "JournalFault"),
    "journal.marks": ("MemoryMarks",),
    "policy.policy": ("Policy",),
    "redaction": ("REMOVED", "without_secrets"),
    "requests.request": ("FileSource", "FormBody", "JsonBody", "MultipartBody", "Request", "build_request"),
    "requests.validation": ("validate_arguments",),
    "results.images": ("Picture",),
    "results.response": ("Response",),
    "results.result": ("Attachment", "ToolResult"),
    "surface.selection": ("Selection", "SelectionError", "SurfaceName"),
    "surface.tool": ("ConfirmMode", "Tool", "load_tools"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
