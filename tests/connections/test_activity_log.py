"""The activity log: each organisation reads what it did and what others did to it, and nobody learns anything else."""

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from connections.actions import end_connection
from connections.queries import list_own_activity
from entitlements.actions.trials import decline_trial
from entitlements.models import Entitlement
from exports.catalogue import LISTS
from notifications.actions.recording import record_event
from notifications.actions.sealing import build_checkpoint_line, seal_next_events
from notifications.models import Event
from notifications.sealing import digest_link
from partnerportal.lib.actors import Actor, ActorKind
from tests.notifications.test_sealing import tamper
from tests.world import World, address

LOG = "/activity/"
pytestmark = pytest.mark.django_db


def shown(response: Any) -> list[str]:
    """What the rows of the log say, in their order."""
    return [row.action for row in response.context["list"].rows]


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def ended(world: World, actor_for: Callable[[str], Actor], as_tenant: Any) -> Event:
    """An Admin of the partner has ended the connection with the customer."""
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        end_connection(actor=actor, connection=world.connection("customer", "partner"))
    return Event.objects.latest("pk")


@pytest.mark.promise("G-12")
@pytest.mark.parametrize("role", ["admin", "reader"])
def test_a_customer_reads_what_a_partner_did(world: World, web: Any, ended: Event, role: str) -> None:
    """Who of the partner did it, the customer does not learn; the partner's own people do."""
    person, link = world.person("partner.admin"), f"{LOG}{ended.public_id}/"
    own = web(f"partner.{role}").get(LOG)
    assert "ended the connection" in shown(own)[0] and person.name in text(own)
    theirs = web(f"customer.{role}").get(LOG)
    assert shown(theirs)[0] == shown(own)[0]
    row = theirs.context["list"].rows[0]
    assert (row.actor, row.concerns) == (world.partner.name, "")
    assert own.context["list"].rows[0].concerns == world.customer.name
    for page in (theirs, web(f"customer.{role}").get(link)):
        assert person.name not in text(page) and person.email not in text(page)
    assert web(f"partner.{role}").get(link).status_code == 200
    for stranger in ("stranger.admin", "partner2.admin", "distributor.admin", "vendor.admin"):
        assert web(stranger).get(link).status_code == 404
        assert not list_own_activity(world.actor(stranger)).filter(pk=ended.pk).exists()


def test_a_customer_reads_what_the_vendors_staff_decided(
    world: World, web: Any, actor_for: Callable[[str], Actor], as_tenant: Any
) -> None:
    actor = actor_for("vendor.admin")
    trial = Entitlement.objects.filter(kind="trial", state="requested").earliest("pk")
    with as_tenant(actor):
        decline_trial(actor=actor, trial=trial, reason="Not in your country")
    page = web(f"{world.names[trial.customer_id]}.reader").get(LOG)
    row = page.context["list"].rows[0]
    assert "declined" in row.action and row.actor == world.vendor.name and row.note == "Not in your country"
    changes = [(change.label, change.before, change.after) for change in row.changes]
    assert ("State", "Requested", "Declined") in changes
    assert actor.label not in text(page)


def test_an_export_of_a_customers_rows_is_in_the_customers_log(world: World, web: Any) -> None:
    web("partner.reader").post("/exports/new/", {"list": "activity", "customer": str(world.customer.public_id)})
    row = web("customer.admin").get(LOG).context["list"].rows[0]
    assert row.actor == world.partner.name and "was exported" in row.action


def test_without_dates_it_goes_back_thirty_days(world: World, web: Any) -> None:
    actor = world.actor("partner.admin")
    for days in (1, 29, 31, 4000):
        at = timezone.now() - dt.timedelta(days=days)
        record_event("view.shared", actor=actor, subject=world.partner, label=f"{days} days", at=at)

    def labels(query: str) -> list[str]:
        rows = web("partner.admin").get(LOG + query).context["list"].rows
        return [row.subject for row in rows if row.subject.endswith("days")]

    assert labels("") == ["1 days", "29 days"]
    assert labels("?since=2001-01-01") == ["1 days", "29 days", "31 days", "4000 days"]
    day = timezone.now().date() - dt.timedelta(days=30)
    assert labels(f"?since=2001-01-01&until={day}&utc=true") == ["31 days", "4000 days"]
    assert labels(f"?since=2001-01-01&until={day}&utc=true&sort=at") == ["4000 days", "31 days"]


@pytest.mark.parametrize("query", ["?since=9999-12-31", "?until=9999-12-31", "?since=0001-01-01&until=0001-01-01"])
def test_the_ends_of_time_are_days_too(query: str, web: Any) -> None:
    for zone in ("", "&utc=true"):
        assert web("partner.admin").get(LOG + query + zone).status_code == 200


@pytest.fixture
def mixed(world: World) -> dict[str, Event]:
    """Things that persons, a client and the portal did, for the partner and to it."""
    admin, reader = world.actor("partner.admin"), world.actor("partner.reader")
    return {
        "by the admin": record_event("view.shared", actor=admin, subject=world.partner, label="Alpha"),
        "by the reader": record_event("calendar.made", actor=reader, subject=world.partner, label="Beta"),
        "by the portal": record_event(
            "membership.changed", actor=Actor.system("test"), subject=world.partner, counterpart=world.partner
        ),
        "with the customer": record_event(
            "offer.partner_asked",
            actor=world.actor("customer.admin"),
            subject=world.customer,
            counterpart=world.partner,
            data={"number": "R-100"},
        ),
    }


def kept(web: Any, mixed: dict[str, Event], query: str) -> set[str]:
    """Which of the events the partner's log shows with these filters."""
    rows = {row.public_id for row in web("partner.admin").get(LOG + query).context["list"].rows}
    return {name for name, event in mixed.items() if str(event.public_id) in rows}


def test_filters(world: World, web: Any, mixed: dict[str, Event]) -> None:
    admin = world.person("partner.admin").public_id
    assert kept(web, mixed, "") == set(mixed)
    assert kept(web, mixed, "?topic=files") == {"by the admin"}
    assert kept(web, mixed, "?topic=account") == {"by the portal"}
    assert kept(web, mixed, f"?actor={admin}") == {"by the admin"}
    assert kept(web, mixed, f"?customer={world.customer.public_id}") == {"with the customer"}
    assert kept(web, mixed, f"?customer={world.stranger.public_id}") == set()
    assert kept(web, mixed, "?people=true") == {"by the admin", "by the reader", "with the customer"}
    assert kept(web, mixed, "?people=false") == {"by the portal"}
    for nonsense in ("?topic=x", "?actor=x", "?since=yesterday", "?people=x", "?q=%00"):
        assert kept(web, mixed, nonsense) == set(mixed)


def test_a_text_finds_persons_objects_and_numbers(world: World, web: Any, mixed: dict[str, Event]) -> None:
    assert kept(web, mixed, "?q=alph") == {"by the admin"}
    assert kept(web, mixed, "?q=r-10") == {"with the customer"}
    assert "by the reader" in kept(web, mixed, f"?q={world.person('partner.reader').name}")
    assert kept(web, mixed, f"?q={world.customer.name}") == {"with the customer"}
    theirs = world.person("customer.admin")
    assert kept(web, mixed, f"?q={theirs.name}") == set(), "whose person it was is no business of the partner's"


def test_pages_go_by_keyset_and_leave_nothing_out(world: World, web: Any) -> None:
    actor = world.actor("partner.admin")
    moment = timezone.now() - dt.timedelta(hours=1)
    for number in range(60):
        at = moment + dt.timedelta(seconds=number // 7)  # several at the same moment
        sides = {"counterpart": world.customer} if number % 2 else {"customer_id": world.customer.pk}
        record_event("view.shared", actor=actor, subject=world.partner, label=f"Seq-{number:02}", at=at, **sides)
    seen, url = [], f"{LOG}?q=seq-&size=25"
    while url:
        page = web("partner.admin").get(url)
        seen += [row.subject for row in page.context["list"].rows]
        url = page.context["list"].next_url
    assert sorted(seen) == [f"Seq-{number:02}" for number in range(60)]


def test_times_are_ones_own_or_utc(world: World, web: Any) -> None:
    person = world.person("partner.admin")
    person.time_zone = "Asia/Tokyo"
    person.save(update_fields=["time_zone"])
    at = timezone.now().replace(hour=20, minute=30) - dt.timedelta(days=1)
    record_event("view.shared", actor=world.actor("partner.admin"), subject=world.partner, label="late", at=at)

    def time(query: str) -> str:
        rows = web("partner.admin").get(LOG + query).context["list"].rows
        return next(row.at for row in rows if row.subject == "late")

    assert "5:30" in time("") and "JST" in time("")
    assert "20:30" in time("?utc=true") and "UTC" in time("?utc=true")


def test_an_erased_person_is_shown_as_erased(world: World, web: Any) -> None:
    record_event("view.shared", actor=world.actor("partner.reader"), subject=world.partner, label="a view")
    call_command("erase_person", address("partner.reader"), stdout=io.StringIO())
    rows = web("partner.admin").get(LOG).context["list"].rows
    assert next(row.actor for row in rows if row.subject == "a view") == "Erased person"


def test_an_event_shows_its_seal(world: World, web: Any, ended: Event) -> None:
    link = f"{LOG}{ended.public_id}/"
    assert "within a few seconds" in text(web("partner.admin").get(link))
    while seal_next_events():
        pass
    page = web("partner.admin").get(link)
    assert bytes(page.context["seal"].digest).hex() in text(page)


# --- the exported log ---------------------------------------------------------------------------------------


@pytest.fixture
def exported(world: World, web: Any, ended: Event, mixed: dict[str, Event], tmp_path: Path) -> Path:
    """The partner's log as a file, all of it sealed."""
    while seal_next_events():
        pass
    answer = web("partner.reader").post("/exports/new/", {"list": "activity_log", "query": "since=2001-01-01"})
    file = tmp_path / "log.csv"
    file.write_bytes(b"".join(answer.streaming_content) if answer.streaming else answer.content)
    return file


def verify(*words: object) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_export", *map(str, words), stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_who_has_left_can_still_be_chosen(world: World, web: Any) -> None:
    """By the name that the events keep; nobody of another organisation can be."""
    left, foreign = world.person("partner.sales_agent"), world.person("customer.admin")
    record_event("view.shared", actor=world.actor("partner.sales_agent"), subject=world.partner, label="before leaving")
    record_event("x", actor=world.actor("customer.admin"), subject=world.partner, counterpart=world.partner)
    world.operator("partner.sales_agent").delete()
    choices = dict(web("partner.reader").get(LOG).context["list"].actor_choices)
    assert choices[str(left.public_id)] == left.name and str(foreign.public_id) not in choices
    assert str(world.person("partner.admin").public_id) in choices
    for person, is_known in ((left, True), (foreign, False)):  # also where no row of theirs is on the page
        page = web("partner.reader").get(f"{LOG}?actor={person.public_id}&until=2001-01-01&since=2000-01-01")
        assert (str(person.public_id) in dict(page.context["list"].actor_choices)) is is_known


def test_nobody_learns_of_another_organisations_people_by_asking(world: World, web: Any) -> None:
    """Neither by their names, nor by their ids, nor from what an event of theirs says beside."""
    admin = world.actor("partner.admin")
    for_her = replace(admin, kind=ActorKind.CLIENT, client_id=1, label="ERP", on_behalf_of=admin)
    event = record_event("x", actor=for_her, subject=world.customer, counterpart=world.customer, label="Alpha")
    person = world.person("partner.admin")
    own, theirs = web("partner.reader"), web("customer.reader")
    for query in (f"?q={person.name}", "?q=ERP", f"?actor={person.public_id}"):
        assert theirs.get(LOG + query).context["list"].rows == [], query
    assert own.get(f"{LOG}?q={person.name}").context["list"].rows != []
    [row] = [row for row in theirs.get(LOG).context["list"].rows if row.public_id == str(event.public_id)]
    assert (row.actor, row.on_behalf, row.request_id) == (world.partner.name, "", "")


def test_an_export_says_on_whose_behalf_and_what_changed(world: World, web: Any) -> None:
    """Who had a client do it is named in their own organisation's file alone."""
    admin = world.actor("partner.admin")
    for_her = replace(admin, kind=ActorKind.CLIENT, client_id=1, label="ERP", on_behalf_of=admin)
    changes = {"country": ["FR", "DE"]}
    record_event("x", actor=for_her, subject=world.customer, counterpart=world.customer, changes=changes)
    files = {}
    for who in ("partner.reader", "customer.reader"):
        answer = web(who).post("/exports/new/", {"list": "activity_log"})
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        [files[who]] = [row for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))) if row["kind"] == "x"]
    assert files["partner.reader"]["on_behalf"] == world.person("partner.admin").name
    assert files["customer.reader"]["on_behalf"] == ""
    assert {row["before_after"] for row in files.values()} == {"Country: FR → DE"}


@pytest.mark.promise("G-12")
def test_an_exported_log_is_checked_by_itself(world: World, exported: Path, tmp_path: Path) -> None:
    rows = read(exported)
    assert len(rows) == list_own_activity(world.actor("partner.reader")).count()
    assert [row["kind"] for row in rows if not row["position"]] == ["list.exported"], "that of this export itself"
    names = {person.name for person in map(world.person, ("customer.admin", "customer.reader"))}
    assert not names & {row["done_by"] for row in rows}
    (tmp_path / "checkpoint").write_text(build_checkpoint_line())
    code, said = verify(exported, "--stored", "--checkpoint", tmp_path / "checkpoint")
    assert code == 0 and said.startswith(f"Checked {len(rows)} rows. 1 of them not sealed yet. 1 checkpoints agree.")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01T00:00:00.000000Z"),
        ("kind", "x"),
        ("actor_kind", "system"),
        ("subject_kind", "x"),
        ("subject", "00000000-0000-0000-0000-000000000000"),
        ("event", "00000000-0000-0000-0000-000000000000"),
        ("changes", '{"state": ["active", "active"]}'),
        ("rest", "00" * 32),
        ("digest", "00" * 32),
        ("number", "1"),
        ("position", "999999"),
        ("sealed_at", "2020-01-01T00:00:00.000000Z"),
        ("previous_link", "00" * 32),
        ("link", "00" * 32),
    ],
)
def test_a_changed_cell_is_found_out(exported: Path, column: str, value: str) -> None:
    rows = read(exported)
    changed = next(row for row in rows if row["changes"] != "{}" and row["actor_kind"] == "person")
    changed[column] = value
    write(exported, rows)
    code, said = verify(exported)
    assert code == 1 and (changed["event"] in said or "follow the one before" in said)


def sealed_rows(exported: Path) -> list[dict[str, str]]:
    return sorted((row for row in read(exported) if row["position"]), key=lambda row: int(row["position"]))


def compute_link_anew(row: dict[str, str], **changes: str) -> None:
    """Change cells of a row's link so that it looks right by itself."""
    row |= changes
    row["link"] = digest_link(
        position=int(row["position"]),
        event_id=int(row["number"]),
        event_digest=bytes.fromhex(row["digest"]),
        sealed_at=dt.datetime.fromisoformat(row["sealed_at"]),
        previous=bytes.fromhex(row["previous_link"]),
    ).hex()


def test_rows_whose_links_contradict_each_other_are_found_out(exported: Path, tmp_path: Path) -> None:
    """Each of them looks right by itself: together, or against a checkpoint, they do not."""
    first, second = sealed_rows(exported)[:2]
    at = int(first["position"])
    compute_link_anew(second, position=str(at + 1), previous_link="11" * 32)
    write(tmp_path / "gap.csv", [first, second])
    assert f"The row at position {at + 1} does not follow the one before it." in verify(tmp_path / "gap.csv")[1]
    compute_link_anew(second, position=str(at))
    write(tmp_path / "twice.csv", [first, second])
    assert f"Two rows have the position {at}." in verify(tmp_path / "twice.csv")[1]
    write(tmp_path / "one.csv", [first])
    (tmp_path / "checkpoints").write_text(f"event-checkpoint position={at} digest={'22' * 32}")
    code, said = verify(tmp_path / "one.csv", "--checkpoint", tmp_path / "checkpoints")
    assert code == 1 and f"The row at position {at} differs from the checkpoint." in said
    (tmp_path / "checkpoints").write_text(f"event-checkpoint position={at + 9} digest={'22' * 32}")
    code, said = verify(tmp_path / "one.csv", "--checkpoint", tmp_path / "checkpoints")
    assert code == 0 and "none was compared" in said


def test_cells_that_cannot_be_read_are_named(exported: Path) -> None:
    rows = read(exported)
    for row, column in zip(rows, ("at", "rest", "position", "changes", "number"), strict=False):
        row[column] = "nonsense"
    write(exported, rows)
    code, said = verify(exported)
    assert code == 1 and said.count("cannot be read") == min(len(rows), 5)


def test_rows_whose_digests_were_computed_anew_are_not_the_portals(exported: Path) -> None:
    """Alone the file cannot tell; compared with the portal it does."""
    event = Event.objects.get(public_id=next(row["event"] for row in read(exported) if row["position"]))
    tamper("UPDATE notifications_eventseal SET digest = sha256('x') WHERE event_id = %s", event.pk)
    assert verify(exported)[0] == 0
    code, said = verify(exported, "--stored")
    assert code == 1 and "is not what this portal has sealed" in said


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b'"unclosed'])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    (tmp_path / "file").write_bytes(content)
    assert verify(tmp_path / "file")[0] == 2
    assert verify(tmp_path / "missing")[0] == 2
    assert csv.field_size_limit() == limit, "other readers of the process keep their limit"


def test_the_columns_that_the_check_needs_are_exported() -> None:
    from notifications.exported_log import COLUMNS

    assert set(COLUMNS) <= {column.key for column in LISTS["activity_log"].columns}
