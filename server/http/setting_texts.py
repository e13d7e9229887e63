"""What each setting of `docreview-mcp http` is called and means, for the settings reference."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings.texts import SettingText

__all__ = ["HTTP_SETTING_TEXTS"]

HTTP_SETTING_TEXTS: Mapping[str, SettingText] = {
    "DOCREVIEW_HTTP_HOST": SettingText(
        "Address to listen on", "By default only this machine can reach the server."
    ),
    "DOCREVIEW_HTTP_PORT": SettingText("Port", "The port to listen on; 0 takes a free one."),
    "DOCREVIEW_HTTP_URL": SettingText(
        "URL of the server",
        "The address that users type, such as https://mcp.example.com/mcp. Its Host and Origin are allowed.",
        more="Required if other machines can reach the server.",
    ),
    "DOCREVIEW_HTTP_HOSTS": SettingText(
        "Hosts",
        "Further values of the Host header, separated by commas.",
        more="Such as `mcp.internal`, `mcp.internal:8443`, or `mcp.internal:*` for any port.",
    ),
    "DOCREVIEW_HTTP_ORIGINS": SettingText(
        "Origins",
        "Further web pages that may call, separated by commas.",
        more="Such as `https://app.example.com` or `http://localhost:*`.",
    ),
    "DOCREVIEW_HTTP_BODY": SettingText(
        "Size of requests",
        "The largest body of a request in bytes.",
        more="All bodies that are being read take at most eight times this.",
    ),
    "DOCREVIEW_HTTP_CONCURRENCY": SettingText(
        "Requests at once",
        "Maximum number of requests under way.",
        more="Others wait up to 20 s; those of the caller with the fewest come first.",
    ),
    "DOCREVIEW_HTTP_RATE": SettingText(
        "Rate of a caller", "Most requests of one caller, such as 20/second or 5000/hour; off for no limit."
    ),
    "DOCREVIEW_HTTP_DRAIN": SettingText(
        "Ending",
        "Seconds of not being ready before the server stops listening, and of waiting for calls.",
        more="See [Health and ending](http.md#health-and-ending).",
    ),
    "DOCREVIEW_AUTH": SettingText(
        "Authentication",
        "none, keys or oauth. On this machine it is none unless set.",
        more="Required if other machines can reach the server. See [Keys](http.md#keys) and "
        "[Sign-in](http.md#sign-in).",
    ),
    "DOCREVIEW_KEYS": SettingText("File of keys", "The file that docreview-mcp key new adds keys to."),
    "DOCREVIEW_OAUTH_ISSUER": SettingText(
        "Issuer",
        "Who signs callers in, exactly as its tokens name it in iss.",
        more="An https address, or one of this machine. See [Sign-in](sign-in.md).",
    ),
    "DOCREVIEW_OAUTH_AUDIENCE": SettingText(
        "Audience",
        "The values of aud that are accepted, separated by commas.",
        more="By default `DOCREVIEW_HTTP_URL`.",
    ),
    "DOCREVIEW_OAUTH_JWKS": SettingText(
        "Keys of the issuer",
        "The address of the issuer's keys.",
        more="Needed only if the issuer has neither `/.well-known/openid-configuration` nor "
        "`/.well-known/oauth-authorization-server`.",
    ),
    "DOCREVIEW_OAUTH_SCOPE_CLAIMS": SettingText(
        "Claims with scopes", "The claims that hold scopes, such as scp,roles."
    ),
    "DOCREVIEW_OAUTH_SCOPE_PREFIX": SettingText(
        "Prefix of scopes",
        "What stands before the scopes where clients ask for them.",
        more="Such as `https://mcp.example.com/mcp/`.",
    ),
    "DOCREVIEW_OAUTH_GROUP_CLAIM": SettingText(
        "Claim with groups",
        "The claim that holds the groups of a caller.",
        more="For [rules of the policy](policy.md#rules-for-groups).",
    ),
    "DOCREVIEW_OAUTH_CLIENT": SettingText(
        "Client ID of the panel",
        "The client ID of the panel in a browser at the issuer.",
        more="Without it, [the panel](http.md#the-review-panel) is closed.",
    ),
    "DOCREVIEW_OAUTH_CLIENT_SECRET": SettingText(
        "Client secret of the panel", "The secret of that client, if the issuer gave one."
    ),
    "DOCREVIEW_OAUTH_CLIENT_SCOPES": SettingText(
        "Scopes of the panel",
        "What the panel asks the issuer for, separated by spaces.",
        more="By default `openid` and the scopes to read and write. Without `openid`,"
        " no ID token is expected.",
    ),
    "DOCREVIEW_CREDENTIALS": SettingText(
        "Credentials of callers",
        "shared, headers or store: whose credentials go to the services.",
        more="See [Whose credentials are used](http.md#whose-credentials-are-used). The sandbox has its own.",
    ),
    "DOCREVIEW_HTTP_PROXIES": SettingText(
        "Proxies",
        "Addresses or networks of proxies whose X-Forwarded-Proto is believed.",
        more="Such as `10.0.0.5` or `10.0.0.0/24`.",
    ),
    "DOCREVIEW_METRICS_ADDRESS": SettingText(
        "Address of metrics",
        "IP address and port at which Prometheus finds the metrics.",
        more="See [Logs, metrics and traces](http.md#logs-metrics-and-traces).",
    ),
    "DOCREVIEW_HTTP_INSECURE": SettingText(
        "Insecure", "1 lets anybody in, together with DOCREVIEW_AUTH=none and --insecure-no-auth."
    ),
}
"""The settings of serving over HTTP, by variable."""
