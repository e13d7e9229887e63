"""What people call things: their words and turns of phrase, and the words that tools have for the same."""

from __future__ import annotations

import re
from functools import cache

from .words import words_of

__all__ = ["also_meant", "is_common_verb", "is_filler", "with_turns_spelled_out"]

_ALSO_MEANT = (
    # what is done
    (
        "fix correct change edit modify overwrite rename adjust replace set amend alter reword respell switch"
        " swap retitle misspelt misread wrong typo mistake incorrect redo",
        "update apply",
    ),
    ("update", "apply"),
    (
        "remove erase drop discard bin trash throw wipe purge scrap destroy kick rid obsolete eliminate"
        " clear",
        "delete remove",
    ),
    ("delete", "remove"),
    ("signoff accept release pass greenlight authorize okay pay", "approve"),
    ("takeback reopen revoke withdraw retract", "undo unapprove cancel"),
    ("confirm check tick ok validate agree match right", "verify"),
    ("verify", "confirm"),
    ("meddle touch tamper whom", "history"),
    ("transcribe transcript transcription verbatim typed letters", "read full text"),
    ("outage reachable alive respond offline", "health"),
    ("edition build", "version"),
    ("explain describe facts", "get"),
    ("search contain mention", "list text"),
    ("show read view open look display fetch see tell detail inspect check", "get"),
    ("all every which search overview browse find any", "list"),
    ("new make start begin open build setup introduce establish fresh launch", "create add"),
    ("insert missing enter put include extra further forgot skip overlook", "add"),
    ("create", "add"),
    ("send import submit load feed bring pull", "upload"),
    ("export save excel csv xlsx spreadsheet sheet backup", "download"),
    ("hand delegate give pass route responsible", "assign"),
    ("join onboard", "invite"),
    ("learn teach retrain smarter", "train"),
    ("again repeat resend", "retry resend"),
    ("revert rollback restore reverse recover mistake", "undo"),
    ("poll ready finish progress done complete far", "wait status"),
    ("dry simulate try would rehearse beforehand", "preview"),
    ("several many bulk batch stack pile bunch", "files apply several"),
    ("log audit journal earlier former trail culprit responsible", "history"),
    ("waiting todo pending backlog inbox queue left attention", "queue"),
    ("copy duplicate replicate fork", "clone"),
    ("move relocate", "transfer"),
    ("pause activate deactivate", "update deactivate"),
    ("close shut dissolve", "deactivate mark"),
    # with what
    (
        "invoice bill receipt order pdf paper scan note contract letter form voucher statement slip waybill"
        " fax quote certificate passport payslip",
        "document file",
    ),
    (
        "comment review ticket feedback entry survey text record complaint opinion reply post conversation",
        "document",
    ),
    ("sentence phrase paragraph passage", "segment"),
    ("document", "file"),
    ("value number amount total date vendor supplier iban vat tax figure price currency", "field"),
    ("row line item position column quantity price", "cell table"),
    ("grid", "table cell"),
    ("category topic theme aspect subject", "class"),
    ("sentiment mood tone", "label analysis ad-hoc"),
    ("tag annotate annotation annotator coder coded tagger", "labeling label tag"),
    ("round job", "session"),
    ("guess prediction predict", "correction analysis"),
    ("classify score run outcome", "analysis"),
    ("result", "get list"),
    ("collection bundle set dataset folder corpus pool", "group"),
    ("team organization company department tenant firm subsidiary agency", "workspace"),
    ("member colleague people person teammate coworker employee staff guy everybody intern newcomer", "user"),
    ("colleague reviewer", "assign member"),
    ("role rights access privilege admin allowed shared allow manager", "permission role"),
    ("notice message alert", "notification"),
    ("flow pipeline extraction stream", "workflow"),
    ("kind sort", "type"),
    ("classifier extractor reader ocr", "model"),
    ("licence license api credential secret", "key"),
    ("favorite favourite bookmark pin", "star"),
    ("picture image crop screenshot zoom enlarge", "region"),
    ("human manual manually validation loop expert", "hitl"),
    ("accuracy quality metrics precision f1 performance", "model score metrics"),
    ("link web online address", "url"),
    ("erp accounting ledger bookkeeping sap datev", "export"),
    ("sample example", "training"),
    ("heading caption", "header field"),
    ("template preset readymade standard", "types"),
    ("definition configuration schema setup setting", "workflow settings"),
    ("job background", "task analysis"),
    ("news inform informed", "notification"),
    ("photo photograph", "image file"),
    ("webhook callback", "hitl"),
    ("hint guideline guidance instruction", "class hint"),
    ("finding", "result documents"),
    ("signin credentials", "login"),
    ("profile account surname", "user"),
)
"""Words of people → the words that tools have for it."""

_TURNS = (
    ("sign(ed|ing)?~off", "approve"),
    ("human in the loop", "hitl"),
    ("log(ged)? in|sign(ed)?~in", "login"),
    ("log(ged)?~out|sign~out|log off", "logout"),
    ("sign(ed)?~up", "register"),
    ("(take|took|taken|throw|thrown|kick|cut|cross)~(out|off|away)", "remove delete"),
    ("rid of|no longer need(ed)?|do not need|don't need", "remove delete"),
    ("(put|bring|roll|take|set|give|get)~back", "undo"),
    ("hand(ed)?~over|pass(ed)?~on|give~to", "assign"),
    ("(fill|put|type|write|enter)~in", "add"),
    ("(tick|check)(ed)?~off", "verify"),
    ("set(ting)?~up", "create"),
    ("dry run", "preview"),
    ("(switch|turn)(ed)?~(on|off)", "update"),
    ("once more|(send|push|mail|transfer)~again", "retry resend"),
    ("do (we|i) have|are there|have we|did (we|i) get", "list"),
    ("how (far|many|much)|how is", "progress status"),
    ("should be called|(call|name) it|(nicer|different|another|new|better) name", "update rename"),
    ("should (be|say|read)|must be", "update"),
    ("look(ed)?~up|let me (know|see)", "get"),
    ("line items", "table"),
    ("line item", "cell"),
    ("is~(down|up|working|running|reachable)", "health"),
    ("how (good|well|accurate|reliable)", "metrics score"),
    ("who~(was|did|touched|changed|edited|messed|deleted|approved)", "history"),
    ("(take|took|taken|pull)~back|changed my mind", "undo unapprove cancel"),
    ("call~off", "cancel"),
    ("not~(need|want)~any ?more|no longer", "delete"),
    ("all~(at once|together|in one go)|in one go", "several apply files"),
    ("what~(is|says|written|stands)~(on|there|here)", "read get"),
    ("(is|are|was|were) (right|correct|fine|ok|okay)", "verify"),
    ("at once|right away|immediately|straight away|on the spot", "once"),
    ("not~(keep|store|save)|quick(ly)?", "ad-hoc"),
    ("sign~(me|him|her|us) up", "register"),
    ("(let|send)~(go|pass|through)", "approve"),
)
"""Turns of phrase (`~`: up to three words may stand between) → the words for it."""

_COMMON_VERBS = frozenset(
    words_of(
        "get list add update delete create show read see give take make put set change find open look want"
        " need new all"
    )
)

_FILLERS = frozenset(
    words_of(
        "about any anybody anyone anything already also although another around because came come comes"
        " did does doesn don during either ever exactly few go goes going gone got here hour instead like"
        " lot march may maybe might moment monday month morning much must now over own quite rather"
        " really say said somebody someone something somewhere still sure thing things think though"
        " through today tomorrow too very want week well whatever whether while why year yes yesterday"
        " yet"
    )
)


def with_turns_spelled_out(text: str) -> str:
    """The text, and behind it the plain words for the turns of phrase in it."""
    return " ".join([text, *(plain for turn, plain in _turns() if turn.search(text))])


def is_common_verb(word: str) -> bool:
    """Whether a word says only what is done, as so many tools do it that the object counts more."""
    return word in _COMMON_VERBS


def is_filler(word: str) -> bool:
    """Whether a word could stand in any question, whatever it is about."""
    return word in _FILLERS


@cache
def also_meant() -> dict[str, tuple[str, ...]]:
    """The words that may be meant by a word, both in the form in which words are compared."""
    table: dict[str, tuple[str, ...]] = {}
    for phrase, meant in _ALSO_MEANT:
        for word in words_of(phrase):
            others = (other for other in words_of(meant) if other != word)
            table[word] = (*table.get(word, ()), *others)
    return table


@cache
def _turns() -> list[tuple[re.Pattern[str], str]]:
    between = r"(?:\s+\S+){0,3}?\s+"
    return [(re.compile(rf"\b(?:{turn.replace('~', between)})\b"), plain) for turn, plain in _TURNS]
