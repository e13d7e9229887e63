"""What each setting of `docreview-mcp http` is called and means, for the settings reference."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings.texts import SettingText

__all__ = ["HTTP_SETTING_TEXTS"]

HTTP_SETTING_TEXTS: Mapping[str, SettingText] = {
    "DOCREVIEW_HTTP_HOST": SettingText(
        "Address to listen on", "By default, only this machine can reach the server."
    ),
    "DOCREVIEW_HTTP_PORT": SettingText("Port", "Port to listen on; 0 for any free port."),
    "DOCREVIEW_HTTP_URL": SettingText(
        "URL of the server",
        "The URL that users enter, such as https://mcp.example.com/mcp. Its Host and Origin are allowed.",
        more="Required if other machines can reach the server.",
    ),
    "DOCREVIEW_HTTP_HOSTS": SettingText(
        "Hosts",
        "More allowed values of the Host header, separated by commas.",
        more="Such as `mcp.internal`, `mcp.internal:8443`, or `mcp.internal:*` for any port.",
    ),
    "DOCREVIEW_HTTP_ORIGINS": SettingText(
        "Origins",
        "More web pages that may send requests, separated by commas.",
        more="Such as `https://app.example.com` or `http://localhost:*`.",
    ),
    "DOCREVIEW_HTTP_BODY": SettingText(
        "Size of requests",
        "Maximum size of a request body, in bytes.",
        more="All bodies being read together use at most eight times this.",
    ),
    "DOCREVIEW_HTTP_CONCURRENCY": SettingText(
        "Requests at once",
        "Maximum number of concurrent requests.",
        more="Further requests wait up to 20 s; callers with the fewest running requests go first.",
    ),
    "DOCREVIEW_HTTP_RATE": SettingText(
        "Rate of a caller", "Maximum rate of one caller, such as 20/second or 5000/hour; off for no limit."
    ),
    "DOCREVIEW_HTTP_DRAIN": SettingText(
        "Ending",
        "Seconds to report not being ready before the server stops listening, and seconds to wait for"
        " running calls.",
        more="See [Health and ending](http.md#health-and-ending).",
    ),
    "DOCREVIEW_AUTH": SettingText(
        "Authentication",
        "none, keys or oauth. The default is none if only this machine can connect.",
        more="Required if other machines can reach the server. See [Keys](http.md#keys) and "
        "[Sign-in](http.md#sign-in).",
    ),
    "DOCREVIEW_KEYS": SettingText("File of keys", "The file to which docreview-mcp key new adds keys."),
    "DOCREVIEW_OAUTH_ISSUER": SettingText(
        "Issuer",
        "The service that signs callers in, exactly as in the iss claim of its tokens.",
        more="An https URL, or a URL on this machine. See [Sign-in](sign-in.md).",
    ),
    "DOCREVIEW_OAUTH_AUDIENCE": SettingText(
        "Audience",
        "Accepted values of the aud claim, separated by commas.",
        more="By default `DOCREVIEW_HTTP_URL`.",
    ),
    "DOCREVIEW_OAUTH_JWKS": SettingText(
        "Keys of the issuer",
        "The URL of the issuer's keys.",
        more="Needed only if the issuer has neither `/.well-known/openid-configuration` nor "
        "`/.well-known/oauth-authorization-server`.",
    ),
    "DOCREVIEW_OAUTH_SCOPE_CLAIMS": SettingText(
        "Claims with scopes", "The claims that contain scopes, such as scp,roles."
    ),
    "DOCREVIEW_OAUTH_SCOPE_PREFIX": SettingText(
        "Prefix of scopes",
        "A prefix that clients put before the scopes they request.",
        more="Such as `https://mcp.example.com/mcp/`.",
    ),
    "DOCREVIEW_OAUTH_GROUP_CLAIM": SettingText(
        "Claim with groups",
        "The claim that contains the caller's groups.",
        more="For [rules of the policy](policy.md#rules-for-groups).",
    ),
    "DOCREVIEW_OAUTH_CLIENT": SettingText(
        "Client ID of the panel",
        "The client ID that the issuer gave to the panel in a browser.",
        more="Without it, [the panel](http.md#the-review-panel) is disabled.",
    ),
    "DOCREVIEW_OAUTH_CLIENT_SECRET": SettingText(
        "Client secret of the panel", "The secret of that client, if the issuer gave one."
    ),
    "DOCREVIEW_OAUTH_CLIENT_SCOPES": SettingText(
        "Scopes of the panel",
        "The scopes that the panel requests from the issuer, separated by spaces.",
        more="By default, `openid` and the scopes to read and write. Without `openid`, no ID token is"
        " expected.",
    ),
    "DOCREVIEW_CREDENTIALS": SettingText(
        "Credentials of callers",
        "shared, headers or store: whose credentials are sent to the services.",
        more="See [Whose credentials are used](http.md#whose-credentials-are-used). The sandbox needs none.",
    ),
    "DOCREVIEW_HTTP_PROXIES": SettingText(
        "Proxies",
        "Addresses or networks of proxies whose X-Forwarded-Proto header is trusted.",
        more="Such as `10.0.0.5` or `10.0.0.0/24`.",
    ),
    "DOCREVIEW_METRICS_ADDRESS": SettingText(
        "Address of metrics",
        "IP address and port on which Prometheus reads the metrics.",
        more="See [Logs, metrics and traces](http.md#logs-metrics-and-traces).",
    ),
    "DOCREVIEW_HTTP_INSECURE": SettingText(
        "Insecure", "1 lets anyone in, together with DOCREVIEW_AUTH=none and --insecure-no-auth."
    ),
}
"""The settings of serving over HTTP, by variable."""
