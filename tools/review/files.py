"""`review_files`: approve, unapprove or assign many files, each by a call of its own.

Assigning takes many files in one request, but nothing says what becomes of the others when one is refused.
One request for each file gives each a verdict, a journal entry and an undo of its own.
"""

from __future__ import annotations

import hashlib
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..beside_loop import beside_loop
from ..documents.field_state import FieldState, fields_of_file
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.confirmation import Question, confirm_or_fail
from ..guards.context import Agreed, CallContext
from ..guards.document_locks import Claim
from ..guards.guard import browser_rule, needs_confirmation
from ..json_text import compact
from ..operation_call import read
from ..requests.arguments import CONFIRM, REASON, expected_argument
from ..requests.validation import invalid
from ..results.reply import Reply
from ..untrusted import quoted, quoted_inside
from .batch import ItemResult, Job, Stop, Word, run_batch
from .batch_report import BatchReport
from .document_snapshot import FileSnapshot

__all__ = ["run"]

_READ = "getPredictionFileByFileId"
_REJECTED = "rejected"
_DIGEST_BYTES = 8
_MAX_ID = 80


@dataclass(frozen=True, slots=True)
class _State:
    """A file as it is now, approved if all of its pages are among the moderated images.

    `status` is the service's word, None for a file without pages. `answer` is all that was read of it, and
    `values` the values in it.
    """

    name: str
    status: str | None
    is_approved: bool
    member: str
    answer: JsonObject
    values: tuple[FieldState, ...] = ()

    @property
    def in_words(self) -> str:
        """For the person who is asked."""
        status = quoted_inside(self.status) if self.status else "not approved"
        approval = "approved" if self.is_approved else status
        unverified = sum(not each.verified for each in self.values)
        counted = f"{len(self.values)} values, {self.doubtful} doubtful, {unverified} not verified"
        member = quoted_inside(self.member) if self.member else "nobody"
        return f"{quoted_inside(self.name)}: {approval}, {member}, {counted}"

    @property
    def doubtful(self) -> int:
        """How many doubtful values are in it."""
        return sum(each.is_doubtful for each in self.values)

    @property
    def bound(self) -> JsonValue:
        """What an agreement about the file is bound to."""
        return [self.name, self.status, self.is_approved, self.member, [each.bound for each in self.values]]


@dataclass(frozen=True, slots=True)
class _Action:
    """What can be done with a file: the operation, its word, and whether a file is so already."""

    operation: str
    word: str
    is_reached: Callable[[_State, str], bool]


_ACTIONS = {
    "approve": _Action("verifyFile", "approved", lambda state, member: state.is_approved),
    "unapprove": _Action(
        "unverifyFile",
        "unapproved",
        # A rejected file is left to the service, which says that it never changes again.
        lambda state, member: not state.is_approved and state.status != _REJECTED,
    ),
    "assign": _Action("assignFiles", "assigned", lambda state, member: state.member == member),
}


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """Do one action with each of the files."""
    began = anyio.current_time()
    call = _Call(operation, values, context)
    settled = call.settled()
    left = [file_id for file_id in call.file_ids if file_id not in settled]
    agreed: dict[str, _State] = {}
    if left and needs_confirmation(load_operations()[call.action.operation], context):
        agreed = await call.states_of(left, began)
        context = replace(context, agreed=await call.confirm(left, agreed))
        began = anyio.current_time()
    results = [ItemResult(file_id) for file_id in left]
    doubtful: dict[str, int] = {}

    async def do(result: ItemResult) -> Word:
        claims = call.claims(result.id)
        inner = replace(context, holds=context.holds | claims)
        async with context.guards.documents.hold(claims, context.holds):
            state = await call.state(result.id)
            if call.action.is_reached(state, call.member):
                return "already"
            if agreed and (result.id not in agreed or agreed[result.id].bound != state.bound):
                raise _changed_meanwhile(result.id)
            await result.write(
                inner,
                call.action.operation,
                call.arguments(result.id, state),
                call.snapshot(result.id, state),
            )
        doubtful[result.id] = state.doubtful
        return "done"

    jobs: list[Job] = [(result, do) for result in results]
    stop: Stop = await run_batch(jobs, context, stop_after=call.stop_after, began=began, unit="files")
    # A failure that only repeats itself is reported once: a resumed call goes on behind it.
    settled |= {each.id for each in results if not each.may_work_later}
    further: JsonObject = {"doubtful_values": sum(doubtful.values())} if call.approves else {}
    if len(call.file_ids) < call.given:
        further["duplicates"] = call.given - len(call.file_ids)
    if len(left) < len(call.file_ids):
        further["by_earlier_calls"] = len(call.file_ids) - len(left)
    next_step = ""
    open_files = len(call.file_ids) - len(settled)
    if open_files:
        further["resume"] = call.resume_code(settled)
        next_step = f"Repeat this call with resume to continue with the {open_files} remaining files."
    if any(each.word == "failed" and not each.may_work_later for each in results):
        next_step = f"See failed; fix what you can and call again with those ids. {next_step}".strip()
    report = BatchReport(operation, values, "files", call.action.word, next_step, further)
    return report.reply(results, stop, context.upstream.answer_limit)


class _Call:
    """The arguments of one call and what follows from them."""

    def __init__(self, operation: Operation, values: JsonObject, context: CallContext) -> None:
        self._operation = operation
        self._values = values
        self._context = context
        given = cast("list[str]", values["file_ids"])
        self.given = len(given)
        self.file_ids = list(dict.fromkeys(given))
        self.model_id = str(values["model_id"])
        self.member = str(values.get("member", ""))
        self.stop_after = cast("int", values.get("stop_after", 1))
        self.action = _ACTIONS[str(values["action"])]
        self.approves = values["action"] == "approve"
        if self.member and values["action"] != "assign":
            raise invalid(operation, [f"member: given with {values['action']}, allowed only with assign"])
        if not self.member and values["action"] == "assign":
            raise invalid(operation, ["member: missing, expected the reviewer's e-mail for assign"])

    async def state(self, file_id: str) -> _State:
        """A file as it is now; raises `ToolFailure` where it cannot be read."""
        answer = await read(self._context, _READ, self._ids(file_id))
        return await beside_loop(answer, partial(_state_in, answer, file_id))

    def snapshot(self, file_id: str, state: _State) -> FileSnapshot:
        """The file as it was read, so that the write need not read it once more."""
        return FileSnapshot(_READ, self._ids(file_id), state.answer)

    async def states_of(self, file_ids: Sequence[str], began: float) -> dict[str, _State]:
        """The files as they are now; those that cannot be read are left out.

        Raises:
            ToolFailure: they are too many to be read and confirmed in one call.
        """
        states: dict[str, _State] = {}

        async def look(verdict: ItemResult) -> Word:
            states[verdict.id] = await self.state(verdict.id)
            return "done"

        jobs: list[Job] = [(ItemResult(file_id), look) for file_id in file_ids]
        max_reads = len(jobs) + 1
        stop = await run_batch(jobs, self._context, stop_after=max_reads, began=began, unit="files read")
        if stop:
            raise ToolFailure(
                "too_large",
                f"{self._operation.tool}: {len(file_ids)} files cannot be read within the call's time limit,"
                " and a person has to confirm the action on each.",
                happened=NOTHING_SENT,
                next_step=f"Call again with at most {max(1, len(states) // 2)} files at once.",
            )
        return states

    async def confirm(self, file_ids: Sequence[str], states: dict[str, _State]) -> Agreed:
        """Let a person agree to what becomes of these files, and say how; nothing to do needs nobody.

        Raises:
            ToolFailure: nobody has agreed.
        """
        to_do = [each for each in file_ids if each not in states or not self._is_reached(states[each])]
        if not to_do:
            return ""
        at_present = [states[each].in_words if each in states else "not readable" for each in to_do]
        asked: JsonObject = {"action": self._values["action"], "files": len(to_do)}
        if self.member:
            asked["member"] = self.member
        if self.approves:
            asked["doubtful values"] = sum(states[each].doubtful for each in to_do if each in states)
        asked |= {f"{number}.": words for number, words in enumerate(at_present, 1)}
        asked |= {"model_id": self.model_id, "ids": list[JsonValue](to_do)}
        asked |= {name: self._values[name] for name in ("stop_after", REASON) if name in self._values}
        bound: list[JsonValue] = [states[each].bound if each in states else None for each in to_do]
        code = self._context.code or str(self._values.get(CONFIRM, ""))
        rule = browser_rule([load_operations()[self.action.operation]], self._context)
        call: JsonObject = {"action": self._values["action"], "member": self.member}
        call |= {"model_id": self.model_id, "file_ids": list[JsonValue](sorted(self.file_ids))}
        question = Question(self._operation, asked, bound, None, browser_rule=rule, call=call)
        return await confirm_or_fail(question, code, self._context)

    def claims(self, file_id: str) -> frozenset[Claim]:
        """The file, which nobody else may write meanwhile."""
        base_url = self._context.upstream.base_url(load_operations()[self.action.operation])
        return frozenset({Claim.of(base_url, self.model_id, file_id)})

    def arguments(self, file_id: str, state: _State) -> JsonObject:
        """Those of the operation for one file, which has to be as it was read."""
        if self.action.operation == "assignFiles":
            arguments: JsonObject = {"member": self.member, "file_ids": [file_id]}
        else:
            arguments = {"request_file_id": file_id}
            expected = expected_argument(load_operations()[self.action.operation])
            if expected and state.status is not None:
                arguments[expected] = state.status
        reason: JsonObject = {REASON: self._values[REASON]} if REASON in self._values else {}
        return {"model_id": self.model_id, **arguments, **reason}

    def settled(self) -> set[str]:
        """The files that the resume code says are settled.

        Raises:
            ToolFailure: the code belongs to another call.
        """
        code = str(self._values.get("resume", ""))
        if not code:
            return set()
        try:
            raw = b32decode(code.strip().upper() + "=" * (-len(code.strip()) % 8))
        except (NotBase32, ValueError):
            raw = b""
        if raw[:_DIGEST_BYTES] != self._digest():
            raise invalid(
                self._operation,
                [
                    (
                        "resume: the code belongs to a call with another action, model_id, member or set of"
                        " file_ids"
                    )
                ],
            )
        bits = int.from_bytes(raw[_DIGEST_BYTES:])
        return {file_id for index, file_id in enumerate(sorted(self.file_ids)) if bits >> index & 1}

    def resume_code(self, settled: set[str]) -> str:
        """Says which files are settled. It gives no right, so it needs no seal and outlives the server."""
        ordered = sorted(self.file_ids)
        bits = sum(1 << index for index, file_id in enumerate(ordered) if file_id in settled)
        raw = self._digest() + bits.to_bytes((len(ordered) + 7) // 8)
        return b32encode(raw).decode().rstrip("=")

    def _ids(self, file_id: str) -> JsonObject:
        return {"model_id": self.model_id, "request_file_id": file_id}

    def _digest(self) -> bytes:
        about: list[JsonValue] = [self._values["action"], self.model_id, self.member, *sorted(self.file_ids)]
        return hashlib.sha256(compact(about).encode()).digest()[:_DIGEST_BYTES]

    def _is_reached(self, state: _State) -> bool:
        return self.action.is_reached(state, self.member)


def _state_in(answer: JsonObject, file_id: str) -> _State:
    moderated, others = (_pages(answer.get(key)) for key in ("moderated_images", "unmoderated_images"))
    pages = [*moderated, *others]
    if not pages:
        return _State(file_id, None, False, "", answer)
    first = pages[0]
    status = _text(first.get("approval_status"))
    return _State(
        _text(first.get("original_file_name")) or file_id,
        status,
        bool(moderated) and not others and status != _REJECTED,
        _text(first.get("assigned_member")),
        answer,
        tuple(fields_of_file(answer)),
    )


def _changed_meanwhile(file_id: str) -> ToolFailure:
    """The conflict of a file that is not as the person was shown it."""
    return ToolFailure(
        "conflict",
        f"{quoted(file_id, _MAX_ID)}: it was changed after it was shown to the person.",
        happened=NOTHING_SENT,
        next_step="Read the file again and repeat the call for it, so that the person is asked again.",
        quotes=True,
    )


def _pages(value: JsonValue) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
