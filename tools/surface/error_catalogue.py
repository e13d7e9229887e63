"""What each error code means: what happened, what to do, and which tool helps next."""

from __future__ import annotations

from dataclasses import dataclass

from ..failure import ErrorCode

__all__ = ["CATALOGUE", "Meaning", "render_catalogue"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error code in words. `tools` are those that help next, if any do."""

    happened: str
    to_do: str
    tools: tuple[str, ...] = ()


CATALOGUE: dict[ErrorCode, Meaning] = {
    "invalid_arguments": Meaning(
        "An argument is missing, unknown or invalid. docreview found this before sending anything, or the"
        " service did (status 400 or 422).",
        "Correct every argument named in the message, and call again.",
        ("find_tools", "review_preview"),
    ),
    "not_configured": Meaning(
        "Something is missing that only the user or the server's operator can provide: credentials, or a"
        " writable journal.",
        "Tell the user which variable the message names. The tools of the other service may still work.",
    ),
    "unauthorized": Meaning(
        "The service does not accept the credentials (401).",
        "Tell the user; docreview-mcp doctor checks them. Do not repeat the call.",
    ),
    "forbidden": Meaning(
        "The account is not permitted to do this (403).",
        "Someone with more rights has to do it. Do not look for a workaround.",
        ("studio_list_workspace_permissions",),
    ),
    "not_found": Meaning(
        "Nothing has these ids (404): they are wrong, they belong to another kind of object, or the item was"
        " deleted.",
        "List the existing items and take the ids from that list.",
        ("nanonets_list_workflows", "nanonets_list_documents", "studio_list_projects", "review_history"),
    ),
    "conflict": Meaning(
        "The current state does not allow this (409), or it differs from the call's expected_value or"
        " expected_status, or an identical call got no clear answer and may have been carried out.",
        "Read the item again and reconsider. Never overwrite someone else's change without asking.",
        ("review_document", "review_history"),
    ),
    "rate_limited": Meaning(
        "The service is receiving too many calls (429), or asks for a pause.",
        "Wait the number of seconds given in next, then call again. Fewer, larger calls help.",
        ("review_apply", "review_files"),
    ),
    "payment_required": Meaning(
        "The account has no credits, or its plan does not include this (402).",
        "Tell the user. Existing data can still be read.",
    ),
    "upstream_error": Meaning(
        "The service failed (5xx) or sent an unreadable answer, or an internal docreview error ended the"
        " call.",
        "If done is unknown, check whether the change was made. If retryable is true, call again later.",
        ("review_history",),
    ),
    "timeout": Meaning(
        "The call timed out.",
        "Reads can be repeated. After a write, check whether it was carried out before you decide to repeat"
        " it.",
        ("review_wait", "review_history"),
    ),
    "unreachable": Meaning(
        "The connection to the service failed or was lost.",
        "Call again later. After a write whose done is unknown, check first whether it was carried out. The"
        " user can run docreview-mcp doctor for details.",
        ("review_history",),
    ),
    "not_allowed": Meaning(
        "The settings, the policy or a person forbids this: the tool is not offered, a policy rule blocks the"
        " call, the file is outside the allowed folders, or the person declined.",
        "Do not look for a workaround. Tell the user which setting or rule the message names.",
        ("review_preview",),
    ),
    "too_large": Meaning(
        "A file or an answer is too large to be sent or shown.",
        "Request less (fewer items, one page, a filter) or send a smaller file.",
    ),
    "needs_confirmation": Meaning(
        "A person has to confirm this first. Nothing was sent.",
        "Show the person docreview.summary. Only if they clearly agree, call again within 5 minutes with the"
        " same arguments and the code in confirm. The code works once.",
        ("review_preview",),
    ),
    "unavailable": Meaning(
        "The journal of writes is temporarily unavailable: its database is restarting, or another process has"
        " locked its file. Nothing was sent.",
        "Call again in a few seconds. If the error persists, tell the user. Reading still works.",
    ),
}
"""Every error code that a tool can return."""

_DONE = (
    "`done` says what happened at the service: `no` (nothing was changed), `yes` (it was carried out),"
    " `unknown` (it may have been carried out: check first)."
)


def render_catalogue() -> str:
    """The catalogue as a page in Markdown."""
    lines = [
        "# Errors",
        "",
        "A failed call returns `error` with code, message, status, retryable, done and next.",
        _DONE,
        "",
        "| code | what happened | what to do | which tool next |",
        "| --- | --- | --- | --- |",
    ]
    for code, meaning in CATALOGUE.items():
        tools = ", ".join(f"`{name}`" for name in meaning.tools)
        lines.append(f"| `{code}` | {meaning.happened} | {meaning.to_do} | {tools} |")
    return "\n".join(lines) + "\n"
