"""References of `Present` and `UndoStep`: texts in OpenAPI documents that say where a value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .operation import JsonValue, Operation, Present, UndoStep

__all__ = ["Reference", "faults_of_references", "parsed", "references_in", "references_of"]

ANSWER, BEFORE, EACH, KEY = "answer", "before", "each", "key"
_OF_PRESENT = (ANSWER, EACH)
_OF_UNDO = (ANSWER, BEFORE, EACH, KEY)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value comes from.

    `root` is `answer` (that of the write), `before` (the state before it), `each` (the entry of a list),
    `key` (the name in a map under which the item stood), or else an argument of the write. `steps` lead on
    from there; `*` is every entry. Where `is_literal`, `root` is the value itself.
    """

    root: str
    steps: tuple[str, ...] = ()
    is_literal: bool = False


@lru_cache(maxsize=1_000)
def parsed(text: str) -> Reference:
    """A reference from its text: `answer.tag.id`, `workflow_id`, `=text that stands for itself`."""
    if text.startswith("="):
        return Reference(text[1:], is_literal=True)
    root, *steps = text.split(".")
    return Reference(root, tuple(steps))


def references_in(value: JsonValue) -> Iterator[Reference]:
    """Every reference in a value: a text is one, a list holds some, anything else stands for itself."""
    if isinstance(value, str):
        yield parsed(value)
    elif isinstance(value, list):
        for entry in value:
            yield from references_in(entry)


def references_of(part: Present | UndoStep) -> Iterator[Reference]:
    """Every reference by which a state is read, or a step of an undo is filled in."""
    for value in part.arguments.values():
        yield from references_in(value)
    if part.each:
        yield parsed(part.each)
    if isinstance(part, Present):
        for step in part.find:
            for text in step.values() if isinstance(step, dict) else ():
                yield parsed(text)


def faults_of_references(operation: Operation, arguments: frozenset[str]) -> Iterator[str]:
    """What is wrong with the references of an operation, which has these arguments."""
    parts: list[tuple[str, Present | UndoStep, tuple[str, ...]]] = []
    if operation.present is not None:
        parts.append(("present", operation.present, _OF_PRESENT))
    parts += [(f"undo by {step.call}", step, _OF_UNDO) for step in operation.undo]
    for where, part, roots in parts:
        after = part.after.values() if isinstance(part, Present) else ()
        references = (each for value in after for each in references_in(value))
        for each in (*references_of(part), *references):
            if not each.is_literal and each.root not in roots and each.root not in arguments:
                yield f"{operation.id}, {where}: {each.root} is no argument and none of {', '.join(roots)}"
