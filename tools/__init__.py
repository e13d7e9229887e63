"""What an agent sees and may do: tools derived from operations, and the one way of every call."""

from .call import Report, Upstream, call_operation, failure_result
from .failure import NOTHING_SENT, ToolFailure
from .pictures import Picture
from .request import FileSource, FormBody, JsonBody, MultipartBody, Request, build_request
from .response import Response
from .result import Attachment, ToolResult
from .secrets import REMOVED, without_secrets
from .surface import Selection, SelectionError, Tool, load_tools
from .validation import validate_arguments

__all__ = [
    "NOTHING_SENT",
    "REMOVED",
    "Attachment",
    "FileSource",
    "FormBody",
    "JsonBody",
    "MultipartBody",
    "Picture",
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
    "call_operation",
    "failure_result",
    "load_tools",
    "validate_arguments",
    "without_secrets",
]
