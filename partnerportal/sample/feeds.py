"""The systems of the sample vendor that send files: one that does well, one with errors, and one that fell silent."""

import datetime as dt
from typing import Any

from entitlements.models import IngestToken, IngestUpload
from entitlements.models.ingest import UploadFileKind
from partnerportal.lib.json_lines.facts import LineOutcome
from partnerportal.lib.tokens import digest_secret, generate_token

Kind, State = UploadFileKind, IngestUpload.State
FIRST_BAD_LINE = 1204
PROBLEM = {"code": "unknown_customer", "message": "No organisation has this ORGID.", "field": "customer"}
CUT_OFF = {  # what became of a file that ends in the middle of a line
    "state": State.FAILED,
    "lines": 1180,
    "counts": {LineOutcome.ADDED: 1179},
    "problems": [{"line": 1180, "code": "not_json", "message": "The line is not JSON.", "field": ""}],
}
BROKEN = ("Order desk", 1)  # the file of the night before last was cut off
# Name, what it sends, how many hours ago it sent its last file, and how many lines of that were not stored.
SYSTEMS = (
    ("Licence server", Kind.USAGE, 7, 0),
    ("Order desk", Kind.ENTITLEMENTS, 5, 3),
    ("Directory sync", Kind.ASSIGNMENTS, 70, 0),
)


def write_sample_feeds(now: dt.datetime) -> None:
    """Write a token for each system, and a file for each of its last nights. Nobody knows the tokens' secrets."""
    uploads: list[IngestUpload] = []
    for name, kind, hours, errors in SYSTEMS:
        secret = generate_token()
        token = IngestToken.objects.create(
            name=name,
            digest=digest_secret(secret),
            prefix=secret[:8],
            kinds=[kind],
            created_at=now - dt.timedelta(days=400),
            last_used_at=now - dt.timedelta(hours=hours),
        )
        uploads += [
            _make_upload(
                token,
                kind,
                now - dt.timedelta(hours=hours + 24 * night),
                0 if night else errors,
                **(CUT_OFF if (name, night) == BROKEN else {}),
            )
            for night in range(5)
        ]
    IngestUpload.objects.bulk_create(sorted(uploads, key=lambda upload: upload.received_at))
    _write_revoked_token(now)


def _write_revoked_token(now: dt.datetime) -> None:
    """Write the token of a system that is no longer used."""
    secret = generate_token()
    IngestToken.objects.create(
        name="Old licence server",
        digest=digest_secret(secret),
        prefix=secret[:8],
        kinds=[Kind.USAGE, Kind.ASSIGNMENTS],
        created_at=now - dt.timedelta(days=900),
        last_used_at=now - dt.timedelta(days=402),
        revoked_at=now - dt.timedelta(days=398),
    )


def _make_upload(
    token: IngestToken, kind: UploadFileKind, at: dt.datetime, errors: int, **changes: Any
) -> IngestUpload:
    counts = {LineOutcome.ADDED: 1180, LineOutcome.UNCHANGED: 3420} | ({LineOutcome.ERROR: errors} if errors else {})
    values: dict[str, Any] = {
        "state": State.DONE,
        "lines": 4600 + errors,
        "counts": counts,
        "problems": [PROBLEM | {"line": FIRST_BAD_LINE + number} for number in range(errors)],
    } | changes
    return IngestUpload(
        token=token,
        kind=kind,
        idempotency_key=f"{kind}-{at:%Y-%m-%d}",
        fingerprint="",
        size=780_000,
        read=780_000,
        received_at=at,
        finished_at=at + dt.timedelta(seconds=40),
        **values,
    )
