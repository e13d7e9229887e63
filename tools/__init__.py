"""What an agent sees and may do: tools derived from operations, and the one way of every call."""

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
