"""The seal of the log: what is hashed of an event and of its link in the chain, in SQL and in Python.

An event's digest is the SHA-256 of its fields without what an erasure overwrites: labels, which name persons, and the
note. PostgreSQL computes it as a generated column, so nobody can store an event without it or choose it. The digest is
made of two parts: fields that everybody who reads the event may have (OPEN_FIELDS), and the digest of the others
(CLOSED_FIELDS), whose ids are not given away. Among those is a random salt, without which their digest could be
guessed back to the ids. So the exported log of one organisation can be checked by itself.

A link is the SHA-256 of its position, its event's id and digest, the moment, and the digest of the link before it.

All that is hashed is text in UTF-8: a version, then each field as its length in bytes, a colon, the field and a comma;
"-," stands for null. Times are microseconds since 1970 in UTC, digests are in hexadecimal, and JSON is written as
PostgreSQL writes jsonb. The versions change when what is hashed changes.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

EVENT_VERSION = "portal-event-1"
REST_VERSION = "portal-event-rest-1"
LINK_VERSION = "portal-link-1"
OPEN_FIELDS = ("public_id", "kind", "at", "actor_kind", "subject_kind", "subject_id", "changes")
CLOSED_FIELDS = (
    "salt",
    "actor_id",
    "on_behalf_kind",
    "on_behalf_id",
    "organization_id",
    "counterpart_id",
    "customer_id",
    "scopes",
    "data",
    "request_id",
)
SEALED_FIELDS = (*OPEN_FIELDS, *CLOSED_FIELDS)
BEFORE_THE_FIRST = bytes(32)  # stands for the digest of the link before the first one
LEAST_KEPT = dt.timedelta(days=90)  # the database refuses to delete events that are younger, or were sealed later
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def build_event_digest_sql(prefix: str = "", *, rest: str = "") -> str:
    """Return the SQL expression of an event's digest, from columns or parameters named like the fields.

    `prefix` stands before each name, as "e." does for a table's alias. `rest` is an expression for the digest of the
    closed fields; without it, that digest is computed from their columns.
    """
    rest = rest or build_rest_digest_sql(prefix)
    return _digest_sql(EVENT_VERSION, [*(_text_sql(name, prefix) for name in OPEN_FIELDS), f"encode({rest}, 'hex')"])


def build_rest_digest_sql(prefix: str = "") -> str:
    """Return the SQL expression of the digest of an event's closed fields, as `build_event_digest_sql` describes."""
    return _digest_sql(REST_VERSION, [_text_sql(name, prefix) for name in CLOSED_FIELDS])


def build_link_digest_sql(prefix: str = "") -> str:
    """Return the SQL expression of a link's digest, from the columns of EventSeal behind `prefix`."""
    moment = _count_microseconds_sql(f"{prefix}sealed_at")
    numbers = [f"{prefix}position::text", f"{prefix}event_id::text", f"encode({prefix}event_digest, 'hex')"]
    return _digest_sql(LINK_VERSION, [*numbers, moment, f"encode({prefix}previous, 'hex')"])


def _text_sql(name: str, prefix: str) -> str:
    column = f"{prefix}{name}"
    return _count_microseconds_sql(column) if name == "at" else f"{column}::text"


def _count_microseconds_sql(column: str) -> str:
    return f"((extract(epoch FROM ({column} AT TIME ZONE 'UTC')) * 1000000)::bigint)::text"


def _digest_sql(version: str, texts: list[str]) -> str:
    joined = " || ".join(f"coalesce(octet_length({text}) || ':' || {text}, '-') || ','" for text in texts)
    return f"sha256(convert_to('{len(version)}:{version},' || {joined}, 'UTF8'))"


def digest_event(texts: Mapping[str, str | None], *, rest: bytes | None = None) -> bytes:
    """Return the digest of an event, whose fields are given as the texts that are hashed.

    `rest` is the digest of the closed fields, for whoever has only that; without it, it is computed.
    """
    closed = digest_rest(texts) if rest is None else rest
    return _digest([EVENT_VERSION, *(texts[name] for name in OPEN_FIELDS), closed.hex()])


def digest_rest(texts: Mapping[str, str | None]) -> bytes:
    """Return the digest of an event's closed fields, which are given as the texts that are hashed."""
    return _digest([REST_VERSION, *(texts[name] for name in CLOSED_FIELDS)])


def digest_link(*, position: int, event_id: int, event_digest: bytes, sealed_at: dt.datetime, previous: bytes) -> bytes:
    """Return the digest of a link of the chain. `previous` is that of the link before it."""
    moment = count_microseconds(sealed_at)
    return _digest([LINK_VERSION, str(position), str(event_id), event_digest.hex(), str(moment), previous.hex()])


def _digest(texts: Iterable[str | None]) -> bytes:
    raw = (None if text is None else text.encode() for text in texts)
    return hashlib.sha256(b"".join(b"-," if part is None else b"%d:%s," % (len(part), part) for part in raw)).digest()


def count_microseconds(moment: dt.datetime) -> int:
    """Return the microseconds from 1970 to a moment, exactly."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def make_sealed_texts(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the texts that are hashed of an event, from the values of its fields by name."""
    return {name: _make_text(values[name], is_json=name in ("data", "changes")) for name in SEALED_FIELDS}


def _make_text(value: Any, *, is_json: bool) -> str | None:
    if is_json:
        return canonicalize_json(value)
    if isinstance(value, dt.datetime):
        return str(count_microseconds(value))
    return None if value is None else str(value)


def canonicalize_json(value: Any) -> str:
    """Return a JSON value as PostgreSQL writes jsonb: keys by length and then by bytes, numbers without an exponent."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_quote(key)}: {canonicalize_json(value[key])}" for key in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(canonicalize_json, value)) + "]"
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return f"{number.copy_abs() if number.is_zero() else number:f}"
    return json.dumps(value)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
