"""What a tool answers when a call fails.

`ToolFailure` is raised anywhere in a call and becomes the tool's answer in one place. Each
says what did and did not happen at the service (`done`) and what to do next (`next`).
"""

from __future__ import annotations

from typing import Final, Literal

from ..schemas import JsonObject, Operation
from .untrusted import one_line

__all__ = ["LOOK_FIRST", "NOTHING_SENT", "Done", "ErrorCode", "ToolFailure", "done_after_cut"]

ErrorCode = Literal[
    "invalid_arguments",
    "not_configured",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "rate_limited",
    "payment_required",
    "upstream_error",
    "timeout",
    "unreachable",
    "not_allowed",
    "too_large",
    "needs_confirmation",
    "unavailable",
]
Done = Literal["no", "yes", "unknown"]

NOTHING_SENT = "Nothing was sent."
LOOK_FIRST = "Read the item to see whether the change was made before you decide to repeat it."
"""The next step wherever it is not known whether a change was made."""

_HAPPENED: dict[Done, str] = {
    "no": "Nothing was changed.",
    "yes": "The call was carried out.",
    "unknown": "It is not known whether anything was changed.",
}
_EARLIER_TRY = "An earlier attempt got no clear answer and may have been carried out."


class ToolFailure(Exception):  # noqa: N818 - an answer to the agent, not a programming error
    """A call that failed, in the form that the agent gets.

    `status` is the HTTP status of the service, None where none came. `retryable` says whether the same
    call can work later without anything else being changed. `done` says whether the service carried the
    call out, and `happened` says so in a sentence. `quotes`: the message quotes the service or a document, as
    wherever there is a `status`. `contradicts_itself`: the status of the answer said success, its body that
    the call failed, so that only the item can show what is true. `notes` are beside the error under
    `docreview`, such as the journal entry of a write that failed. A failure never changes: `with_` makes
    another one.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        next_step: str,
        status: int | None = None,
        retryable: bool = False,
        done: Done = "no",
        happened: str = "",
        quotes: bool = False,
        contradicts_itself: bool = False,
        notes: JsonObject | None = None,
    ) -> None:
        message = one_line(message)
        super().__init__(message)
        self.code: Final[ErrorCode] = code
        self.message: Final = message
        self.status: Final = status
        self.retryable: Final = retryable
        self.done: Final[Done] = done
        self.happened: Final = happened or _HAPPENED[done]
        self.next_step: Final = next_step
        self.quotes: Final = quotes or status is not None
        self.contradicts_itself: Final = contradicts_itself
        self.notes: Final[JsonObject] = notes or {}

    def with_(
        self,
        *,
        code: ErrorCode | None = None,
        message: str | None = None,
        next_step: str | None = None,
        retryable: bool | None = None,
        notes: JsonObject | None = None,
    ) -> ToolFailure:
        """The same failure with these parts replaced; without any, a copy that can be raised once more."""
        return ToolFailure(
            code or self.code,
            self.message if message is None else message,
            next_step=self.next_step if next_step is None else next_step,
            status=self.status,
            retryable=self.retryable if retryable is None else retryable,
            done=self.done,
            happened=self.happened,
            quotes=self.quotes,
            contradicts_itself=self.contradicts_itself,
            notes=self.notes if notes is None else notes,
        )

    def next_then(self, then: str) -> str:
        """The next step of a call that this failure stopped partway: what a rule wants, before `then`."""
        return f"{self.next_step} {then}" if self.code == "not_allowed" else then

    def after_uncertain_try(self) -> ToolFailure:
        """The same failure at the end of a call of which an earlier try may have been carried out."""
        return ToolFailure(
            self.code,
            self.message,
            next_step=LOOK_FIRST,
            status=self.status,
            done="unknown",
            happened=_EARLIER_TRY,
            quotes=self.quotes,
        )

    def before_sending(self, prefix: str) -> ToolFailure:
        """The same failure of something that had to come first, so that the call itself was not sent."""
        return ToolFailure(
            self.code,
            f"{prefix} {self.message}".strip(),
            next_step=self.next_step,
            status=self.status,
            retryable=self.retryable,
            happened=NOTHING_SENT,
            quotes=self.quotes,
        )

    def as_object(self) -> JsonObject:
        """The `{"error": {...}}` object that both channels of the result carry."""
        error: JsonObject = {
            "code": self.code,
            "message": f"{self.message} {self.happened}",
            "status": self.status,
            "retryable": self.retryable,
            "done": self.done,
            "next": self.next_step,
        }
        return {"error": error, "docreview": self.notes} if self.notes else {"error": error}


def done_after_cut(operation: Operation) -> Done:
    """The failure of a call whose request was sent but which got no answer."""
    return "no" if operation.effect == "read" else "unknown"
