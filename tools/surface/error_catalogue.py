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
        "An argument is missing, unknown or not what it should be; found here before anything was sent, or"
        " by the service (status 400 or 422).",
        "Correct every argument that the message names, and call again.",
        ("find_tools", "review_preview"),
    ),
    "not_configured": Meaning(
        "Something is missing that only the user, or whoever runs the server, can set: credentials, or a"
        " journal that can be written.",
        "Tell the user which variable the message names. The other service's tools may still work.",
    ),
    "unauthorized": Meaning(
        "The service does not accept the credentials (401).",
        "Tell the user; docreview-mcp doctor checks them. Do not repeat the call.",
    ),
    "forbidden": Meaning(
        "The account may not do this (403).",
        "Somebody with more rights has to do it. Do not try another way.",
        ("studio_list_workspace_permissions",),
    ),
    "not_found": Meaning(
        "There is nothing with these ids (404): wrong ids, ids of the wrong kind, or it was deleted.",
        "List what there is and take the ids from there.",
        ("nanonets_list_workflows", "nanonets_list_documents", "studio_list_projects", "review_history"),
    ),
    "conflict": Meaning(
        "The present state does not allow this (409); or it is not the expected_value or expected_status of"
        " the call; or an identical call got no clear answer and may have been carried out.",
        "Read the item again and decide anew. Never overwrite what somebody else changed without asking.",
        ("review_document", "review_history"),
    ),
    "rate_limited": Meaning(
        "The service wants fewer calls (429), or to be left alone for a while.",
        "Call again after the seconds that next names. Fewer, larger calls help.",
        ("review_apply", "review_files"),
    ),
    "payment_required": Meaning(
        "The account has no credits, or its plan does not include this (402).",
        "Tell the user. Reading what is there already works.",
    ),
    "upstream_error": Meaning(
        "The service failed (5xx), answered what cannot be read, or a fault inside docreview ended the call.",
        "If done is unknown, look first whether the change was made. If retryable, call again later.",
        ("review_history",),
    ),
    "timeout": Meaning(
        "No answer came in time.",
        "Reads can be repeated. After a write look first whether it was carried out; then only decide to"
        " repeat.",
        ("review_wait", "review_history"),
    ),
    "unreachable": Meaning(
        "No connection to the service could be made, or it was cut.",
        "Call again later; after a write whose done is unknown look first. docreview-mcp doctor tells the"
        " user more.",
        ("review_history",),
    ),
    "not_allowed": Meaning(
        "The settings, the policy or the person does not want this: a tool that is not offered, a rule of the"
        " policy, a file outside the folders that may be read, a refusal when asked.",
        "Do not try it another way. Tell the user which setting or rule the message names.",
        ("review_preview",),
    ),
    "too_large": Meaning(
        "A file or an answer is larger than can be sent or shown.",
        "Ask for less: fewer items, one page, a filter; or send a smaller file.",
    ),
    "needs_confirmation": Meaning(
        "A person has to agree first. Nothing was sent.",
        "Show the person docreview.summary. Only after a clear yes, call again within 5 minutes with the same"
        " arguments and the code in confirm. It works once.",
        ("review_preview",),
    ),
    "unavailable": Meaning(
        "The journal of writes is away for a moment: its database restarts, or another process has locked"
        " its file. Nothing was sent.",
        "Call again in a few seconds. If that goes on, tell the user. Reading the services works.",
    ),
}
"""Every code that a tool can answer."""

_DONE = (
    "`done` says what happened at the service: `no` (nothing was changed), `yes` (it was carried out),"
    " `unknown` (it may have been: look first)."
)


def render_catalogue() -> str:
    """The catalogue as a page in Markdown."""
    lines = [
        "# Errors",
        "",
        "A failed call answers `error` with code, message, status, retryable, done and next.",
        _DONE,
        "",
        "| code | what happened | what to do | which tool next |",
        "| --- | --- | --- | --- |",
    ]
    for code, meaning in CATALOGUE.items():
        tools = ", ".join(f"`{name}`" for name in meaning.tools)
        lines.append(f"| `{code}` | {meaning.happened} | {meaning.to_do} | {tools} |")
    return "\n".join(lines) + "\n"
