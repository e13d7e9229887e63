"""A stand-in for a model behind the OpenAI API, on loopback: it asks for two tools, then answers from them.

It speaks Chat Completions and Responses, whole and as a stream, as far as the examples' frameworks need it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["scripted_model"]

_ID = r'{}\\*"\s*:\s*\\*"([^"\\]+)'
_NUMBER = r'{}\\*"\s*:\s*(\d+)'


@contextmanager
def scripted_model() -> Generator[str]:
    """Serve the model; gives the base address of its API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_chat = self.path.endswith("/chat/completions")
        step = _next_step(request, is_chat=is_chat)
        if request.get("stream"):
            chunks = _chat_chunks(step) if is_chat else _response_events(step)
            body = "".join(chunks).encode()
            self._send(body, "text/event-stream")
        else:
            answer = _chat_answer(step) if is_chat else _response(step)
            self._send(json.dumps(answer).encode(), "application/json")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _next_step(request: dict[str, Any], *, is_chat: bool) -> dict[str, Any]:
    """A tool call with `name` and `arguments`, or a `text`."""
    tools = [tool.get("function", tool)["name"] for tool in request.get("tools", [])]
    if is_chat:
        results = [each["content"] for each in request["messages"] if each["role"] == "tool"]
    else:
        items = request["input"] if isinstance(request["input"], list) else []
        results = [each["output"] for each in items if each.get("type") == "function_call_output"]
    texts = [result if isinstance(result, str) else json.dumps(result) for result in results]
    if not texts:
        return _call(
            1, tools, "review_queue", {"kinds": ["document"], "order": "least_confident", "limit": 1}
        )
    if len(texts) == 1:
        ids = {name: _found(_ID, name, texts[0]) for name in ("workflow_id", "document_id")}
        return _call(2, tools, "review_document", {**ids, "show": "doubtful"})
    name, count = _found(_ID, "name", texts[0]), _found(_NUMBER, "doubtful", texts[1])
    return {"text": f"Review {name} next: {count} of its values are doubtful."}


def _call(number: int, tools: list[str], tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"call_{number}",
        "name": next(each for each in tools if each.endswith(tool)),
        "arguments": json.dumps(arguments),
    }


def _found(pattern: str, name: str, text: str) -> str:
    found = re.search(pattern.format(name), text)
    return found[1] if found else f"(no {name})"


def _message(step: dict[str, Any]) -> dict[str, Any]:
    if "text" in step:
        return {"role": "assistant", "content": step["text"]}
    function = {name: step[name] for name in ("name", "arguments")}
    call = {"id": step["id"], "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _envelope(kind: str) -> dict[str, Any]:
    return {
        "id": "chat_1",
        "object": kind,
        "created": 1,
        "model": "scripted",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _chat_answer(step: dict[str, Any]) -> dict[str, Any]:
    reason = "stop" if "text" in step else "tool_calls"
    choice = {"index": 0, "message": _message(step), "finish_reason": reason}
    return {**_envelope("chat.completion"), "choices": [choice]}


def _chat_chunks(step: dict[str, Any]) -> Iterator[str]:
    delta = _message(step)
    for index, call in enumerate(delta.get("tool_calls", [])):
        call["index"] = index
    reason = "stop" if "text" in step else "tool_calls"
    for part, ending in ((delta, None), ({}, reason)):
        choice = {"index": 0, "delta": part, "finish_reason": ending}
        yield f"data: {json.dumps({**_envelope('chat.completion.chunk'), 'choices': [choice]})}\n\n"
    yield "data: [DONE]\n\n"


def _response(step: dict[str, Any]) -> dict[str, Any]:
    if "text" in step:
        content = [{"type": "output_text", "text": step["text"], "annotations": []}]
        item = {"type": "message", "role": "assistant", "content": content}
        item |= {"id": "msg_1", "status": "completed"}
    else:
        item = {"type": "function_call", "call_id": step["id"], "status": "completed", **step}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "scripted",
        "output": [item],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        },
    }


def _response_events(step: dict[str, Any]) -> Iterator[str]:
    event = {"type": "response.completed", "sequence_number": 1, "response": _response(step)}
    yield f"event: response.completed\ndata: {json.dumps(event)}\n\n"
