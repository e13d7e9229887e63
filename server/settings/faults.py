"""What is wrong with a setting, in one line that names the variable or the option."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from .settings_error import SettingsError

__all__ = ["json_fault", "settings_fault"]

_WANTED_PATHS = 'expected a JSON object such as {"listHitls": "/projects/{project_id}/hitl"}'
_OPTIONS = frozenset(
    {"surface", "toolsets", "tools", "exclude_tools", "read_only", "sandbox", "host", "port"}
)
"""Settings that the command line can set, so that a fault names the option."""

_PLAIN = {
    "a valid boolean": "true or false",
    "a valid number": "a number",
    "a valid integer": "a whole number",
    "expected greater": "expected a number greater",
    "expected less": "expected a number less",
}
"""Words of pydantic, and what a user reads instead."""


def settings_fault(
    error: ValidationError, model: type[BaseSettings], given: Mapping[str, object]
) -> SettingsError:
    """The first fault of these settings in one line; `given` are those that the command line set."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] != "value_error":
        message = message.replace("Input should be", "expected").partition(", unable")[0]
        for actual, plain in _PLAIN.items():
            message = message.replace(actual, plain)
    name = str(first["loc"][0])
    is_option = name in given and name in _OPTIONS
    source = f"--{name.replace('_', '-')}" if is_option else _variable(model, name)
    return SettingsError(f"{source}: {message}")


def _variable(model: type[BaseSettings], name: str) -> str:
    field = model.model_fields.get(name)
    alias = field.validation_alias if field is not None else None
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else name


def json_fault(error: ValueError, model: type[BaseSettings]) -> SettingsError:
    """The fault of a variable that is not valid JSON; pydantic-settings raises an error of its own for it."""
    text = str(error)
    for name in model.model_fields:
        if f'"{name}"' in text or _variable(model, name) in text:
            return SettingsError(f"{_variable(model, name)}: {_WANTED_PATHS}")
    return SettingsError("the value of a setting cannot be read")
