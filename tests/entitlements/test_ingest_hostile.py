"""Two hundred files that nobody should send: a clear answer to each, bounded memory, and the portal goes on."""

import gzip
import io
import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from entitlements.ingest import importing, upload_files
from entitlements.ingest.importing import import_feed
from entitlements.ingest.uploads import ingest_next_upload
from entitlements.models import IngestUpload, UsageDay
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.files import DamagedFile, DecompressingReader
from tests.entitlements.test_ingest import Send, body, day, folder, secret, send
from tests.world import World

__all__ = ["folder", "secret", "send"]
NUMBERS: list[Any] = [-1, 2**31, 2**63, 10**300, 1.5, 1e308, True, None, "", "9", "９", [], {}, [1], "x" * 300, -0.0]
DAYS: list[Any] = [
    "2999-01-01", "1999-01-01", "2026-02-30", "2026-13-01", "0000-00-00", "tomorrow", 0, None, [], "2026-1-1",
    "2026-02-01T00:00:00Z", "-2026-01-01",
]  # fmt: skip
TEXTS: list[Any] = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "x" * 5000,
    None,
    7,
    [],
    {},
    "\x1b[2J",
    "'; DROP TABLE x; --",
    "\u202e",
]


def bad_lines(good: dict[str, Any]) -> Iterator[bytes]:
    for name in (
        "purchased",
        "assigned",
        "newly_assigned",
        "daily_users",
        "daily_devices",
        "monthly_devices",
        "peak_concurrent",
    ):
        for value in NUMBERS:
            if not (name != "assigned" and value == "9"):
                yield json.dumps(good | {name: value}).encode()
    yield from (json.dumps(good | {"day": value}).encode() for value in DAYS)
    for name in ("customer", "sku", "type", "holder"):
        yield from (json.dumps(good | {name: value}).encode() for value in TEXTS)
    raw = json.dumps(good).encode()
    yield from (
        raw[:-1],
        raw + b"}",
        raw + b" " + raw,
        b"[" + raw + b"]",
        raw.replace(b'"', b"'"),
        b"null",
        b"\xff\xfe",
    )
    yield from (raw.decode().encode(name) for name in ("utf-16", "utf-32", "utf-16-be"))
    yield from (b"\0" * 1000, b"[" * 200_000, b'{"a":' * 50_000, b'{"type":"usage"', b"PK\x03\x04", b"<xml/>", b"a,b,c")
    yield from (b'{"assigned": ' + b"9" * 100_000 + b"}", b'{"assigned": NaN}', b'{"assigned": 1e999999999}')


def damaged_files(good: bytes) -> Iterator[bytes]:
    packed = gzip.compress(good * 50)
    yield from (packed[:cut] for cut in (2, 5, 10, 18, len(packed) // 2, len(packed) - 4))
    yield from (packed[:30] + bytes([packed[30] ^ 255]) + packed[31:], packed + b"garbage", packed + packed[:9])
    yield b"\x1f\x8b" + b"\0" * 500
    yield b"\x1f\x8b\x08\x00" + zlib.compress(good)


@pytest.mark.slow
@pytest.mark.no_cover
def test_two_hundred_hostile_files(send: Send, world: World, folder: Path) -> None:
    """Each with a good line beside the bad one, which comes in wherever the file can be read that far."""
    good, stored = day(world, 55), UsageDay.objects.count()
    files = [line + b"\n" + body(good) for line in bad_lines(good)] + list(damaged_files(body(good)))
    files += [gzip.compress(random.Random(seed).randbytes(5000)) for seed in range(10)]
    assert len(files) >= 200
    for number, content in enumerate(files):
        response = send(content, key=f"file-{number}")
        assert response.status_code == 202, content[:80]
        assert ingest_next_upload() is True
        row = IngestUpload.objects.get(public_id=response.json()["id"])
        if row.state == "done":
            assert row.problems or row.counts["added"] + row.counts["unchanged"] + row.counts["changed"] >= 1, content[
                :80
            ]
        else:
            assert (row.state, row.error) == ("failed", "gzip_damaged"), content[:80]
        for problem in row.problems:
            assert problem["code"] and problem["message"] and problem["line"] >= 1
    assert UsageDay.objects.count() <= stored + 2
    assert UsageDay.objects.filter(day=good["day"]).exists()
    assert list(folder.iterdir()) == []


def peak_of(what: Any) -> int:
    tracemalloc.start()
    try:
        what()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_one_endless_line_takes_no_memory(world: World, tmp_path: Path) -> None:
    """64 MB without a line end, sent as they are and as 64 kB of gzip; then a good line."""
    good = body(day(world, 56))
    for packed in (False, True):
        file = tmp_path / f"endless-{packed}"
        with gzip.open(file, "wb") if packed else file.open("wb") as out:
            for _ in range(64):
                out.write(b"x" * 1024**2)
            out.write(b"\n" + good)
        results: list[Any] = []

        def read(file: Path = file, results: list[Any] = results) -> None:
            with file.open("rb") as stream:
                import_feed(actor=Actor.system(), stream=DecompressingReader(stream), report_result=results.append)

        assert peak_of(read) < 8 * 1024**2
        assert [r.problems[0].code if r.problems else str(r.outcome) for r in results] in (
            ["line_too_long", "added"], ["line_too_long", "unchanged"]
        )  # fmt: skip


def test_lines_that_take_long_are_told_of_meanwhile(world: World, monkeypatch: Any) -> None:
    """The lease of an upload is renewed with each batch: thousands of large lines may not be one."""
    lines = io.BufferedReader(io.BytesIO(b'{"type": "usage", "day": [[[]]]}\n' * 7))
    clock, told = iter(range(0, 900, 9)), []
    monkeypatch.setattr(importing, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    import_feed(
        actor=Actor.system(),
        stream=DecompressingReader(lines),
        report_progress=lambda counts: told.append(counts.total()),
    )
    assert told == [3, 6, 7]


def test_short_lines_without_an_end_are_stopped(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And until then the upload's lease is renewed, though there is nothing to store: they are passed over."""
    settings.INGEST_UNPACKED_BYTES = 64 * 25_000
    file, told = tmp_path / "short", []
    file.write_bytes(gzip.compress(b"x\n" * 32 * 25_000))
    monkeypatch.setattr(importing, "LONGEST", -1)
    with file.open("rb") as stream, pytest.raises(DamagedFile, match="too_many_lines"):
        import_feed(
            actor=Actor.system(),
            stream=DecompressingReader(stream),
            report_progress=lambda counts: told.append(counts.total()),
            skipped_lines=10**9,
        )
    assert told == [0, 0]


def test_lines_are_counted_against_what_was_sent(tmp_path: Path) -> None:
    """And not against the gigabytes that some file may have: each of them may be wrong, and is then looked at."""
    file = tmp_path / "short"
    file.write_bytes(b"1\n" * 10_000)
    with file.open("rb") as stream, pytest.raises(DamagedFile, match="too_many_lines"):
        lines = DecompressingReader(stream, size=1000)
        while lines.readline():
            pass


def told_of(response: Any) -> tuple[str, str, int, int]:
    """The upload's state, its error, the lines that were worked off, and the problems that are kept."""
    assert ingest_next_upload() is True
    row = IngestUpload.objects.get(public_id=response.json()["id"])
    return row.state, row.error, row.lines, len(row.problems)


@pytest.mark.promise("S-6")
def test_fifty_megabytes_of_line_feeds_are_not_read(send: Send, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """48 kB as sent, which kept a worker for minutes."""
    asked = 0
    readline = DecompressingReader.readline

    def counted(stream: DecompressingReader, size: int = -1) -> bytes:
        nonlocal asked
        asked += 1
        return readline(stream, size)

    monkeypatch.setattr(DecompressingReader, "readline", counted)
    response = send(gzip.compress(b"\n" * 50_000_000), Content_Encoding="gzip")
    assert told_of(response) == ("failed", "too_many_blank_lines", 0, 0)
    assert asked <= 1001


def test_a_thousand_blank_lines_are_passed_over_and_one_more_for_each_other(send: Send, world: World) -> None:
    """More, and a few lines among them would keep a worker for minutes, too."""
    content = b"\n" * 1000 + body(day(world, 55)) + b"\n" + b" \r\n" + body(day(world, 56))
    assert told_of(send(content, key="few")) == ("done", "", 1003, 0)
    packed = gzip.compress((b"\n" * 990 + body(day(world, 55)) + b"\n") * 6000)
    assert told_of(send(packed, key="many", Content_Encoding="gzip")) == ("failed", "too_many_blank_lines", 0, 0)


@pytest.mark.promise("S-6")
def test_what_is_no_feed_ends_after_a_thousand_lines(send: Send, world: World) -> None:
    """And its first problems are told. One line that can be read, and it is a feed, however bad the others."""
    lines = b"a,b,c\n" * 1500
    assert told_of(send(lines, key="csv")) == ("failed", "too_many_bad_lines", 1000, 100)
    assert told_of(send(lines[: 6 * 999], key="short")) == ("done", "", 999, 100)
    unknown = body(day(world, 55, customer="99999999")) + b"\n"
    assert told_of(send(unknown + lines, key="feed")) == ("done", "", 1501, 100)


def test_a_follower_takes_no_middle_for_a_head(send: Send, world: World) -> None:
    response = send(body(day(world, 55)) + b"\n" + b"a,b,c\n" * 1500)
    IngestUpload.objects.filter(public_id=response.json()["id"]).update(lines=1)
    assert told_of(response) == ("done", "", 1501, 100)


def test_what_is_unpacked_is_in_proportion_to_what_was_sent(send: Send, world: World) -> None:
    content = body(day(world, 55)) + b"\n" + b" " * 100_000 + b"\n"
    assert told_of(send(gzip.compress(content), key="bomb")) == ("failed", "unpacked_too_large", 0, 0)
    assert told_of(send(content, key="plain")) == ("done", "", 1, 0)


@pytest.mark.slow
def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path, settings: Any) -> None:
    settings.INGEST_UNPACKED_BYTES = 32 * 1024**2
    file = tmp_path / "bomb"
    with gzip.open(file, "wb") as out:
        for _ in range(256):
            out.write(b"\0" * 1024**2)
    assert file.stat().st_size < 300_000

    def read() -> None:
        with file.open("rb") as stream, pytest.raises(DamagedFile, match="unpacked_too_large"):
            import_feed(actor=Actor.system(), stream=DecompressingReader(stream))

    assert peak_of(read) < 8 * 1024**2


def test_the_body_goes_to_disk_in_pieces(settings: Any, tmp_path: Path) -> None:
    settings.PRIVATE_ROOT = tmp_path
    from uuid import uuid4

    class Endless:
        left = 64 * 1024**2

        def read(self, size: int) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return b"x" * size

    assert peak_of(lambda: upload_files.save_upload_file(Endless(), uuid4(), deadline=1e12)) < 4 * 1024**2  # type: ignore[arg-type]
    assert sum(path.stat().st_size for path in (tmp_path / "uploads").iterdir()) == 64 * 1024**2
