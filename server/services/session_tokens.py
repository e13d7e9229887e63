"""The session token in an answer of Studio, and the failure if signing in gave none."""

from __future__ import annotations

import json
import re
from typing import cast

from ...schemas import Operation
from ...tools import Response, ToolFailure
from ...tools.results.reported_failure import reported_failure
from ...tools.results.service_error import failure_of, failure_reported
from .retries import Outcome

__all__ = ["token_in", "token_of_login"]

_TOKEN = re.compile(r"[!-~]+")


def token_in(operation: Operation, response: Response) -> str:
    """The token in the answer of a login or registration; empty if there is none that a header can hold."""
    try:
        body = cast("object", json.loads(response.text))
    except (ValueError, RecursionError):
        return ""
    token = cast("dict[str, object]", body).get(operation.token_property) if isinstance(body, dict) else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else ""


def token_of_login(operation: Operation, outcome: Outcome, check_account: str) -> str:
    """The token that signing in gave. `check_account` says what to do if the credentials are refused.

    Raises:
        ToolFailure: it gave none, so that the call it was for was not sent.
    """
    response = outcome.response
    if response is not None and response.is_success and (token := token_in(operation, response)):
        return token
    if response is None:
        failure = cast("ToolFailure", outcome.failure)
    elif reported := reported_failure(operation, response):
        failure = failure_reported(operation, response, *reported).with_(
            code="unauthorized", next_step=check_account
        )
    elif response.is_success:
        failure = ToolFailure(
            "upstream_error", "Studio answered without a session token.", next_step=check_account
        )
    else:
        failure = failure_of(operation, response)
        if response.status in (400, 401, 403, 404, 422):
            failure = failure.with_(code="unauthorized", next_step=check_account)
    if response is None or response.status >= 500:
        failure = failure.with_(retryable=True, next_step="Call again later.")
    raise failure.before_sending("Signing in to Studio failed.")
