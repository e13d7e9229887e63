"""A stand-in for both services that costs next to nothing: fixed answers over kept connections on loopback.

Started as `python -m bench.upstream`; writes its port to stdout and serves until it is ended.
"""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

from .serving import Receive, Send, serve_on_free_port

_SENTENCES = (
    "The room was clean and the bed was comfortable.",
    "Breakfast had a good choice, but the coffee was cold on both mornings.",
    "At the reception we waited for twenty minutes until somebody came.",
    "The view over the lake makes up for the long way to the station.",
    "Wireless network worked in the lobby only.",
    "We would come again, though not in the high season.",
)


def _document() -> dict[str, Any]:
    """A text of about 1.6 KB with its segments: about 4 KB of JSON, as Studio answers it with details."""
    segments: list[dict[str, Any]] = []
    text = ""
    for number in range(28):
        sentence = _SENTENCES[number % len(_SENTENCES)]
        segments.append({"text": sentence, "span": [len(text), len(text) + len(sentence)]})
        text += sentence + " "
    return {"text": text.rstrip(), "segments": segments}


DOCUMENT: dict[str, Any] = _document()
"""What every GET of Studio answers: one document."""

FIELD: dict[str, Any] = {
    "field_data_id": "550e8400-e29b-41d4-a716-446655440010",
    "field_name": "invoice_number",
    "value": "INV-2024-0117",
    "bbox": [412.0, 96.5, 548.0, 118.0],
    "confidence": 0.97,
    "verification_status": "unverified",
    "verification_message": "",
}
"""What every request that is no GET answers: one field value of Nanonets."""

VALUE_BEFORE = "INV-2024-O117"
"""The value of that field as long as it is only read: no write changes anything here."""

_HEADERS = ("description", "quantity", "unit_price", "amount")


def _page() -> dict[str, Any]:
    """A page of an invoice with 12 fields, one of them that of `FIELD`, and 8 lines: about 10 KB of JSON."""
    fields = {FIELD["field_name"]: [{**FIELD, "value": VALUE_BEFORE}]}
    for number in range(11):
        other = {**FIELD, "field_data_id": _identity(number), "field_name": f"field_{number}"}
        fields[other["field_name"]] = [other]
    cells = [
        {
            "cell_id": _identity(100 + row * len(_HEADERS) + column),
            "row": row,
            "col": column,
            "header": header,
            "text": f"{row + 1} x {header}",
            "bbox": [50.0, 320.0 + 24 * row, 236.0, 339.0 + 24 * row],
            "verification_status": "unverified",
            "verification_message": "",
        }
        for row in range(8)
        for column, header in enumerate(_HEADERS)
    ]
    box = [50.0, 290.0, 800.0, 512.0]
    table = {"table_id": _identity(99), "bbox": box, "headers": _HEADERS, "cells": cells}
    return {
        "page_id": _identity(98),
        "page_number": 1,
        "image_url": "https://files.example/page.png",
        "data": {"fields": fields, "tables": [table]},
    }


def _identity(number: int) -> str:
    return f"550e8400-e29b-41d4-a716-4466554{number:05d}"


_ANSWERS = {
    name: json.dumps(answer).encode()
    for name, answer in (("document", DOCUMENT), ("page", _page()), ("field", FIELD))
}


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer by the method, and for reads by the service."""
    while (await receive()).get("more_body"):
        pass
    read = "page" if scope["path"].startswith("/nanonets/") else "document"
    content = _ANSWERS[read if scope["method"] == "GET" else "field"]
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


if __name__ == "__main__":
    serve_on_free_port(application)
