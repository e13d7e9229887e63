"""Writes on one document, one after the other: what was judged is what is sent.

A v4 document and a v2 file with the same id are the same document, and a v4 workflow is a v2 model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio

from ...schemas import JsonValue
from ..requests.id_spelling import one_spelling
from ..requests.prepared_call import Prepared

__all__ = ["ON_UNNAMED_DOCUMENTS", "Claim", "DocumentLocks", "claims_of"]

_WORKFLOW_ARGUMENTS = ("workflow_id", "model_id", "modelId")
_DOCUMENT_ARGUMENTS = ("document_id", "request_file_id", "file_id", "file_ids")
ON_UNNAMED_DOCUMENTS = frozenset({"updateFileFields"})
"""Operations that name a page, so that any document of the workflow may be meant."""


class Claim(NamedTuple):
    """A document that a write changes, at one address; without `document` the whole workflow."""

    base_url: str
    workflow: str
    document: str

    @classmethod
    def of(cls, base_url: str, workflow: str, document: str = "") -> Claim:
        """The claim of a call that spells the ids in its own way."""
        return cls(base_url, one_spelling(workflow), one_spelling(document))

    def meets(self, other: Claim) -> bool:
        """Whether the two may be about the same document."""
        if self[:2] != other[:2]:
            return False
        return self.document == other.document or not self.document or not other.document


def claims_of(prepared: Prepared) -> frozenset[Claim]:
    """The documents that a write changes; none for a write on something else."""
    operation, arguments = prepared.operation, prepared.service_arguments
    workflow = next((str(arguments[name]) for name in _WORKFLOW_ARGUMENTS if name in arguments), "")
    if operation.service != "nanonets" or not workflow:
        return frozenset()
    if operation.id in ON_UNNAMED_DOCUMENTS:
        return frozenset({Claim.of(prepared.base_url, workflow)})
    named = (each for name in _DOCUMENT_ARGUMENTS if name in arguments for each in _each(arguments[name]))
    return frozenset(Claim.of(prepared.base_url, workflow, str(each)) for each in named)


def _each(value: JsonValue) -> Iterable[JsonValue]:
    return value if isinstance(value, list) else [value]


class DocumentLocks:
    """Which documents are being written. A call takes all of its claims together."""

    def __init__(self) -> None:
        self._held: list[frozenset[Claim]] = []
        self._released = anyio.Event()

    @asynccontextmanager
    async def hold(
        self, claims: frozenset[Claim], held: frozenset[Claim] = frozenset()
    ) -> AsyncGenerator[None]:
        """Wait until nobody else writes these documents, and keep others waiting meanwhile.

        `held`: those that an outer call holds already.
        """
        wanted = claims - held
        while any(one.meets(other) for one in wanted for group in self._held for other in group):
            await self._released.wait()
        self._held.append(wanted)
        try:
            yield
        finally:
            self._held.remove(wanted)
            self._released.set()
            self._released = anyio.Event()
