"""What an agent sees and may do: tools derived from operations, and the one way of every call."""

from .call import call_tool, failure_result
from .confirmation import Codes, ConfirmMode
from .door import Ask, Consent, Door, Guards, Report, Upstream, no_answer
from .failure import NOTHING_SENT, ToolFailure
from .journal import Caller, Journal, JournalFault
from .pictures import Picture
from .policy import Policy
from .request import FileSource, FormBody, JsonBody, MultipartBody, Request, build_request
from .response import Response
from .result import Attachment, ToolResult
from .secrets import REMOVED, without_secrets
from .surface import Selection, SelectionError, Tool, load_tools
from .validation import validate_arguments

__all__ = [
    "NOTHING_SENT",
    "REMOVED",
    "Ask",
    "Attachment",
    "Caller",
    "Codes",
    "ConfirmMode",
    "Consent",
    "Door",
    "FileSource",
    "FormBody",
    "Guards",
    "Journal",
    "JournalFault",
    "JsonBody",
    "MultipartBody",
    "Picture",
    "Policy",
    "Report",
    "Request",
    "Response",
    "Selection",
    "SelectionError",
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
