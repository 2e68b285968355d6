"""Reports of errors to a tracker that speaks Sentry's protocol, where SENTRY_DSN is set. They say no more than logs."""

from typing import Any
from urllib.parse import urlsplit

from partnerportal.lib import logs
from partnerportal.lib.secret_urls import mask_secrets

KEPT_OF_A_REQUEST = ("method", "url")


def start_error_tracker(dsn: str) -> None:
    """Report every error of this process to the error tracker at `dsn` from now on.

    A thread of its own does so: nobody waits for the tracker.
    """
    import sentry_sdk  # imported here, because it takes half a second, which only a tracker is worth
    from sentry_sdk.integrations.argv import ArgvIntegration

    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,  # because passwords and tokens are among them
        max_breadcrumbs=0,
        auto_session_tracking=False,  # errors alone, no counts of requests
        disabled_integrations=[ArgvIntegration()],
        before_send=remove_secrets_from_event,
    )


def remove_secrets_from_event(event: Any, _hint: Any) -> Any:
    """Return an error report without query string, headers, cookies and arguments, and with all secrets masked.

    It is also tagged with the request or task in which the error occurred.
    """
    fields = logs.get_log_fields()
    event["tags"] = {name: fields[name] for name in ("request_id", "task", "task_id", "organization") if name in fields}
    event["user"] = {"id": fields["person"]} if "person" in fields else {}
    for left_out in ("extra", "breadcrumbs"):
        event.pop(left_out, None)
    if "request" in event:
        event["request"] = {name: event["request"][name] for name in KEPT_OF_A_REQUEST if name in event["request"]}
        event["request"]["url"] = urlsplit(event["request"].get("url", ""))._replace(query="", fragment="").geturl()
    return _masked(event)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value
