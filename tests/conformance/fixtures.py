"""What the conformance suite wants a server to have, put before docreview's own handlers.

The suite calls tools, resources and prompts by names of its own. Everything else, from the HTTP application
to the lists and the errors, is docreview as it is served.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from docreview_mcp.server.protocol.session import ServerState
from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState
from mcp.types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListRootsRequest,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

__all__ = ["mount_fixtures"]

Context = ServerRequestContext[ServerState]
Answer = str | list[ContentBlock] | InputRequiredResult
Run = Callable[[Context, CallToolRequestParams], Awaitable[Answer]]

_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
_SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
_SEAL = AESGCMRequestStateCodec([b"the key of the fixtures, 32 bytes"])
_SCHEMA: dict[str, Any] = {"type": "object"}


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image() -> ImageContent:
    return ImageContent(type="image", data=_PICTURE, mime_type="image/png")


def _embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def _always(*content: ContentBlock) -> Run:
    async def run(_: Context, __: CallToolRequestParams) -> Answer:
        return list(content)

    return run


async def _with_progress(context: Context, _: CallToolRequestParams) -> Answer:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100, f"Completed step {done} of 100")
    return "done"


async def _with_logging(context: Context, _: CallToolRequestParams) -> Answer:
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", message, related_request_id=context.request_id)
    return "logged"


async def _failing(_: Context, __: CallToolRequestParams) -> Answer:
    raise ValueError("This tool intentionally returns an error for testing")


async def _region(_: Context, params: CallToolRequestParams) -> Answer:
    return f"region={(params.arguments or {}).get('region')}"


async def _needing_sampling(context: Context, _: CallToolRequestParams) -> Answer:
    able = context.session.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs the client's sampling.",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return "The client can sample."


def _question(message: str, name: str, kind: str = "string") -> ElicitRequest:
    schema: dict[str, Any] = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sampling(text: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=_text(text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=50))


def _given(params: CallToolRequestParams | GetPromptRequestParams, key: str, name: str) -> str | None:
    """What a person answered; None if nobody did."""
    answer = (params.input_responses or {}).get(key)
    content = cast("dict[str, Any] | None", getattr(answer, "content", None))
    value = content.get(name) if isinstance(content, dict) else None
    return None if value is None else str(value)


def _state(params: CallToolRequestParams) -> str:
    """What the server sent along with its question."""
    if params.request_state is None:
        return ""
    try:
        return _SEAL.unseal(params.request_state).decode()
    except InvalidRequestState:
        raise MCPError(INVALID_PARAMS, "The request state is not one of this server.") from None


def _asking(state: str = "", **requests: Any) -> InputRequiredResult:
    sealed = _SEAL.seal(state.encode()) if state else None
    return InputRequiredResult(input_requests=requests, request_state=sealed)


async def _name(_: Context, params: CallToolRequestParams) -> Answer:
    name = _given(params, "user_name", "name")
    return f"Hello, {name}!" if name else _asking(user_name=_question("What is your name?", "name"))


async def _capital(_: Context, params: CallToolRequestParams) -> Answer:
    answer = (params.input_responses or {}).get("capital_question")
    if answer is None:
        return _asking(capital_question=_sampling("What is the capital of France?"))
    return f"Model said: {getattr(getattr(answer, 'content', None), 'text', '?')}"


async def _roots(_: Context, params: CallToolRequestParams) -> Answer:
    answer = (params.input_responses or {}).get("client_roots")
    if answer is None:
        return _asking(client_roots=ListRootsRequest())
    return f"Client exposed {len(getattr(answer, 'roots', ()))} root(s)."


async def _confirmed(_: Context, params: CallToolRequestParams) -> Answer:
    if _state(params) == "asked" and "confirm" in (params.input_responses or {}):
        return "state-ok: confirmation received"
    return _asking("asked", confirm=_question("Please confirm", "ok", "boolean"))


async def _several(_: Context, params: CallToolRequestParams) -> Answer:
    wanted = {
        "user_name": _question("What is your name?", "name"),
        "greeting": _sampling("Generate a greeting"),
        "client_roots": ListRootsRequest(),
    }
    if wanted.keys() <= (params.input_responses or {}).keys():
        return "All inputs received."
    return _asking("asked", **wanted)


async def _rounds(_: Context, params: CallToolRequestParams) -> Answer:
    state = json.loads(_state(params) or '{"round": 0}')
    name, color = _given(params, "step1", "name"), _given(params, "step2", "color")
    if state["round"] == 1 and name:
        asked = _question("Step 2: What is your favorite color?", "color")
        return _asking(json.dumps({"round": 2, "name": name}), step2=asked)
    if state["round"] == 2 and color:
        return f"{state['name']} likes {color}."
    return _asking(json.dumps({"round": 1}), step1=_question("Step 1: What is your name?", "name"))


async def _what_the_client_can(context: Context, _: CallToolRequestParams) -> Answer:
    able = context.session.client_capabilities
    requests: dict[str, Any] = {}
    if able is None or able.sampling is not None:
        requests["sample"] = _sampling("Say hello")
    if able is None or able.elicitation is not None:
        requests["ask"] = _question("What is your name?", "name")
    return _asking("asked", **requests)


_RESULT = "test_input_required_result"
_TOOLS: dict[str, Run] = {
    "test_simple_text": _always(_text("This is a simple text response for testing.")),
    "test_image_content": _always(_image()),
    "test_audio_content": _always(AudioContent(type="audio", data=_SOUND, mime_type="audio/wav")),
    "test_embedded_resource": _always(_embedded("test://embedded-resource", "This is an embedded resource.")),
    "test_multiple_content_types": _always(
        _text("Multiple content types test:"),
        _image(),
        _embedded("test://mixed-content-resource", '{"test": "data", "value": 123}', "application/json"),
    ),
    "test_tool_with_progress": _with_progress,
    "test_tool_with_logging": _with_logging,
    "test_logging_tool": _with_logging,
    "test_error_handling": _failing,
    "test_x_mcp_header": _region,
    "test_missing_capability": _needing_sampling,
    "test_streaming_elicitation": _name,
    "json_schema_2020_12_tool": _always(_text("json_schema_2020_12_tool")),
    f"{_RESULT}_elicitation": _name,
    f"{_RESULT}_sampling": _capital,
    f"{_RESULT}_list_roots": _roots,
    f"{_RESULT}_request_state": _confirmed,
    f"{_RESULT}_tampered_state": _confirmed,
    f"{_RESULT}_multiple_inputs": _several,
    f"{_RESULT}_multi_round": _rounds,
    f"{_RESULT}_capabilities": _what_the_client_can,
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "test_x_mcp_header": {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    },
    "json_schema_2020_12_tool": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
}
_RESOURCES: dict[str, TextResourceContents | BlobResourceContents] = {
    "test://static-text": TextResourceContents(
        uri="test://static-text",
        mime_type="text/plain",
        text="This is the content of the static text resource.",
    ),
    "test://static-binary": BlobResourceContents(
        uri="test://static-binary", mime_type="image/png", blob=_PICTURE
    ),
    "test://watched-resource": TextResourceContents(
        uri="test://watched-resource", mime_type="text/plain", text="Watched resource content"
    ),
}
_TEMPLATE = "test://template/{id}/data"
_PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    f"{_RESULT}_prompt": (),
}


async def _call(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    try:
        answer = await _TOOLS[params.name](context, params)
    except ValueError as error:
        return CallToolResult(content=[_text(str(error))], is_error=True)
    if isinstance(answer, InputRequiredResult):
        return answer
    return CallToolResult(content=[_text(answer)] if isinstance(answer, str) else answer)


def _resource(uri: str) -> ReadResourceResult | None:
    before, after = _TEMPLATE.split("{id}")
    if uri.startswith(before) and uri.endswith(after):
        number = uri.removeprefix(before).removesuffix(after)
        text = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        contents = TextResourceContents(uri=uri, mime_type="application/json", text=text)
        return ReadResourceResult(contents=[contents])
    return ReadResourceResult(contents=[_RESOURCES[uri]]) if uri in _RESOURCES else None


def _prompt(params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    given = params.arguments or {}
    if params.name == f"{_RESULT}_prompt":
        said = _given(params, "user_context", "context")
        if said is None:
            return _asking(user_context=_question("What context should the prompt use?", "context"))
        content: list[ContentBlock] = [_text(f"Use the following context: {said}")]
    elif params.name == "test_prompt_with_arguments":
        content = [_text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
    elif params.name == "test_prompt_with_embedded_resource":
        content = [
            _embedded(given["resourceUri"], "Embedded resource content for testing."),
            _text("Process it."),
        ]
    elif params.name == "test_prompt_with_image":
        content = [_image(), _text("Please analyze the image above.")]
    else:
        content = [_text("This is a simple prompt for testing.")]
    return GetPromptResult(messages=[PromptMessage(role="user", content=each) for each in content])


def mount_fixtures(server: Server[ServerState]) -> None:
    """Let a server answer for the fixtures as well."""

    def own(method: str) -> Callable[[Context, Any], Awaitable[Any]]:
        entry = server.get_request_handler(method)
        assert entry is not None
        return entry.handler

    tools, call = own("tools/list"), own("tools/call")
    resources, templates, read = own("resources/list"), own("resources/templates/list"), own("resources/read")
    prompts, get = own("prompts/list"), own("prompts/get")
    schema = server.get_tool_input_schema

    async def list_tools(context: Context, params: PaginatedRequestParams) -> dict[str, Any]:
        found = cast("dict[str, Any]", await tools(context, params))
        fixtures = [
            {"name": name, "description": "A fixture.", "inputSchema": _SCHEMAS.get(name, _SCHEMA)}
            for name in _TOOLS
        ]
        return {**found, "tools": [*fixtures, *found["tools"]]}

    async def call_tool(context: Context, params: CallToolRequestParams) -> Any:
        return await (_call if params.name in _TOOLS else call)(context, params)

    async def list_resources(context: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        found = cast("ListResourcesResult", await resources(context, params))
        fixtures = [
            Resource(uri=uri, name=uri, description="A fixture.", mime_type=each.mime_type)
            for uri, each in _RESOURCES.items()
        ]
        return found.model_copy(update={"resources": [*fixtures, *found.resources]})

    async def list_templates(
        context: Context, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        found = cast("ListResourceTemplatesResult", await templates(context, params))
        fixture = ResourceTemplate(uri_template=_TEMPLATE, name="template", description="A fixture.")
        return found.model_copy(update={"resource_templates": [fixture, *found.resource_templates]})

    async def read_resource(context: Context, params: ReadResourceRequestParams) -> Any:
        return _resource(str(params.uri)) or await read(context, params)

    async def list_prompts(context: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:
        found = cast("ListPromptsResult", await prompts(context, params))
        fixtures = [
            Prompt(
                name=name,
                description="A fixture.",
                arguments=[
                    PromptArgument(name=each, description="A value.", required=True) for each in arguments
                ],
            )
            for name, arguments in _PROMPTS.items()
        ]
        return found.model_copy(update={"prompts": [*fixtures, *found.prompts]})

    async def get_prompt(context: Context, params: GetPromptRequestParams) -> Any:
        return _prompt(params) if params.name in _PROMPTS else await get(context, params)

    async def nothing(_: Context, __: Any) -> EmptyResult:
        return EmptyResult()

    server.add_request_handler("tools/list", PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", CallToolRequestParams, call_tool)
    server.add_request_handler("resources/list", PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", ReadResourceRequestParams, read_resource)
    server.add_request_handler("prompts/list", PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_prompt)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, nothing)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, nothing)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, nothing)
    server.get_tool_input_schema = lambda name: (
        _SCHEMAS.get(name, _SCHEMA) if name in _TOOLS else schema(name) if schema is not None else None
    )
