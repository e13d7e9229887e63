"""What a JSON Web Token says, once it is found to be signed by the issuer and made for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jwt

from ...settings.toml_file import quoted_value
from .issuer_keys import ALGORITHMS, IssuerKeys

__all__ = ["LEEWAY_SECONDS", "TokenError", "signed_claims"]

LEEWAY_SECONDS = 30
"""So much may clocks differ."""

_MAX_CHARACTERS = 16 * 1024
_REQUIRED = ("exp", "iss", "sub", "aud")


class TokenError(Exception):
    """A token is not accepted. The text names the claim, and is for the log only."""


async def signed_claims(
    token: str, keys: IssuerKeys, issuer: str, audiences: Sequence[str], more: Sequence[str] = ()
) -> dict[str, Any]:
    """The claims of a token for one of the audiences. `more` are claims that it has to have besides.

    Raises:
        TokenError: it is not accepted.
        KeysUnknown: it cannot be judged, as the issuer has not been reached.
    """
    if len(token) > _MAX_CHARACTERS:
        raise TokenError(f"the token has more than {_MAX_CHARACTERS} characters")
    try:
        unchecked = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenError("it is not a JSON Web Token") from None
    header: dict[str, Any] = unchecked["header"]
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenError(f"alg: got {quoted_value(algorithm)}, expected a public-key signature")
    if "crit" in header:
        raise TokenError("crit: the token requires extensions that this server does not support")
    # Looked at before the signature, so that tokens of others do not make us ask for their keys.
    given = unchecked["payload"].get("iss")
    if given != issuer:
        raise TokenError(f"iss: got {quoted_value(given)}, expected {issuer}")
    key = await keys.key(key_id, algorithm)
    if key is None:
        raise TokenError("kid: the issuer has no key with this id and algorithm")
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audiences,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": [*_REQUIRED, *more]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise TokenError(_reason(error, unchecked["payload"], audiences)) from None


def _reason(error: Exception, claims: dict[str, Any], audiences: Sequence[str]) -> str:
    """Which claim is wrong, and how."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"{error.claim}: missing"
    if isinstance(error, jwt.ExpiredSignatureError):
        return "exp: the token has expired"
    if isinstance(error, jwt.ImmatureSignatureError):
        return f"{'nbf' if 'nbf' in str(error) else 'iat'}: the token is not valid yet"
    if isinstance(error, jwt.InvalidAudienceError):
        return f"aud: got {quoted_value(claims.get('aud'))}, expected {' or '.join(audiences)}"
    if isinstance(error, jwt.InvalidSignatureError):
        return "the signature is not the issuer's"
    return f"a claim has an invalid format ({type(error).__name__})"
