"""What `doctor` says of signing in over HTTP: its settings, and whether the issuer gives its keys."""

from __future__ import annotations

from functools import partial
from typing import Literal

import anyio

from ....tools.policy.policies import Policies
from ...http.settings import HttpSettings, read_http_settings
from ...settings.settings_error import SettingsError

__all__ = ["examine_sign_in"]

Remark = tuple[Literal["ok", "note", "fault"], str]


def examine_sign_in(policies: Policies) -> list[Remark]:
    """What a user should know of the sign-in of the callers; nothing where nobody signs in."""
    try:
        http = read_http_settings()
        if http.auth != "oauth":
            return _of_groups_without_sign_in(policies) if http.auth != "keys" else []
        http.check(insecure_no_auth=True)
    except SettingsError as error:
        return [("fault", str(error))]
    from ...http.oauth.issuer_keys import IssuerKeys

    keys = IssuerKeys(http.oauth_issuer or "", http.oauth_jwks)
    anyio.run(partial(keys.refresh))
    if keys.fault:
        found: Remark = ("fault", f"the keys of {http.oauth_issuer} cannot be fetched: {keys.fault}")
    else:
        found = ("ok", f"{http.oauth_issuer} answers; tokens are for {' or '.join(http.audiences)}")
    remarks = [found, _of_panel(http)]
    if policies.groups and not http.oauth_group_claim:
        remarks.append(("fault", "the policy has rules for groups; set DOCREVIEW_OAUTH_GROUP_CLAIM"))
    return remarks


def _of_panel(http: HttpSettings) -> Remark:
    """Whether people can sign in to the panel in a browser."""
    if http.oauth_client is None:
        return (
            "note",
            "the panel in a browser is disabled: DOCREVIEW_OAUTH_CLIENT is not set",
        )
    from ...http.panel.issuer import callback_address

    return (
        "note",
        f"people can sign in to the panel in a browser; register {callback_address(http.url or '')} with the"
        " issuer",
    )


def _of_groups_without_sign_in(policies: Policies) -> list[Remark]:
    if not policies.groups:
        return []
    return [("note", "callers do not sign in (DOCREVIEW_AUTH), so nobody belongs to a group of the policy")]
