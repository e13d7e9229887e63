"""A stand-in for Studio that remembers each write and who sent it: `python -m bench.soak.service`.

It writes its port to stdout and serves until it is ended. `/remembered` tells what it was asked.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import MutableMapping
from typing import Any

from ..serving import Receive, Send, serve_on_free_port

TOKEN = "studio-token-of-"
"""What a token begins with; the account that it stands for follows."""

_SECONDS = (0.05, 0.5)
"""How long an answer takes, at least and at most: calls have to be under way when a fault happens."""

_FILLING = "The room was clean and the bed was comfortable. " * 40


class Service:
    """The application. Each answer names the account whose token came with the request."""

    def __init__(self) -> None:
        self._writes: list[tuple[str, str]] = []
        self._cookies = 0
        self._chance = random.Random(1)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return  # A server was killed before all of its request was here.
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"] == "/remembered":
            await _answer(send, {"writes": self._writes, "cookies": self._cookies}, "nobody")
            return
        headers = dict(scope["headers"])
        account = headers.get(b"authorization", b"").decode().partition(TOKEN)[2]
        self._cookies += b"cookie" in headers
        answer: dict[str, Any]
        if scope["method"] == "POST":
            name = json.loads(body)["name"]
            # Remembered before the answer: who gets none may not conclude that nothing happened.
            self._writes.append((name, account))
            answer = {"id": len(self._writes), "name": f"{name} of {account}"}
        else:
            answer = {"text": f"{scope['path']} of {account}. {_FILLING}"}
        await asyncio.sleep(self._chance.uniform(*_SECONDS))
        await _answer(send, answer, account)


async def _answer(send: Send, answer: dict[str, Any], account: str) -> None:
    content = json.dumps(answer).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"set-cookie", f"session={account}; Path=/".encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


if __name__ == "__main__":
    serve_on_free_port(Service())
