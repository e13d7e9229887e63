"""Typed readers of what a tool returned, for tests."""

from __future__ import annotations

from typing import Any

from mcp.types import BlobResourceContents, CallToolResult, EmbeddedResource, ImageContent, TextContent

__all__ = ["blob_of", "image_of", "meta_of", "structured_of", "text_of"]


def text_of(result: CallToolResult, index: int = 0) -> str:
    """The text of a content block."""
    block = result.content[index]
    assert isinstance(block, TextContent)
    return block.text


def image_of(result: CallToolResult, index: int) -> ImageContent:
    """A content block that is an image."""
    block = result.content[index]
    assert isinstance(block, ImageContent)
    return block


def blob_of(result: CallToolResult, index: int) -> BlobResourceContents:
    """The file in a content block."""
    block = result.content[index]
    assert isinstance(block, EmbeddedResource)
    assert isinstance(block.resource, BlobResourceContents)
    return block.resource


def structured_of(result: CallToolResult) -> dict[str, Any]:
    """The structured content."""
    assert result.structured_content is not None
    return result.structured_content


def meta_of(result: CallToolResult) -> dict[str, Any]:
    """The `_meta` of a result."""
    assert result.meta is not None
    return dict(result.meta)
