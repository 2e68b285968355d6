"""The pages of requests: two steps of whoever asks, the queue and the decision of the vendor's staff."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from support.country_change import CODE
from support.models import Request, RequestMessage
from tests.world import World, canary

FORM = {
    "title": "We have moved",
    "justification": "Our office is in <Paris> now.",
    "severity": "critical",
    "contact_email": "office@example.com",
    "contact_phone": "",
    "country": "FR",
}


SHOWN = ("facts_digest", "facts_seen", "facts_shown", "revision")  # what the page of the decision carries along


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return unescape(found.group(1))


@pytest.fixture
def begun(world: World, web: Any) -> Any:
    """The URL of a draft's second step, begun by the lapsed partner's Admin on the pages."""
    client = web("lapsed.admin")
    link = f"/requests/new/{CODE}/{world.lapsed.public_id}/"
    assert link in client.get("/requests/").content.decode()
    first = client.get(link).content.decode()
    assert world.lapsed.org_id in first and "Change the verified country" in first
    assert not Request.objects.filter(organization=world.lapsed).exists()
    return client.post(link)["Location"]


@pytest.fixture
def submitted(world: World, web: Any, begun: str) -> Request:
    client = web("lapsed.admin")
    version = hidden(client.get(begun).content.decode(), "version")
    assert client.post(begun, FORM | {"version": version}).status_code == 302
    return Request.objects.get(organization=world.lapsed)


def test_a_draft_survives_closing_the_browser(world: World, web: Any, begun: str) -> None:
    web("lapsed.admin").post(begun, FORM | {"justification": "", "version": "1", "save": "1"})
    row = Request.objects.get(organization=world.lapsed)
    assert (row.state, row.title, row.payload) == ("draft", "We have moved", {"country": "FR"})
    client = web("lapsed.admin")
    assert row.number in client.get("/requests/").content.decode()
    page = client.get(begun).content.decode()
    assert 'value="We have moved"' in page and '<option value="FR" selected>' in page
    assert web("lapsed.admin").post(f"/requests/new/{CODE}/{world.lapsed.public_id}/")["Location"] == begun


def test_a_draft_that_a_colleague_saved_is_not_overwritten(world: World, web: Any, begun: str) -> None:
    client = web("lapsed.admin")
    client.post(begun, FORM | {"version": "1", "save": "1", "title": "First"})
    again = client.post(begun, FORM | {"version": "1", "save": "1", "title": "Second"})
    assert again.status_code == 200 and "This has changed in the meantime" in again.content.decode()
    assert 'value="Second"' in again.content.decode()
    assert Request.objects.get(organization=world.lapsed).title == "First"


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"country": "XX"}, {"severity": "x"}, {"contact_email": "x"}, {"justification": "x" * 4001},
     {"title": "\0"},],
)  # fmt: skip
def test_a_submission_with_nonsense_is_shown_again(world: World, web: Any, begun: str, wrong: dict[str, str]) -> None:
    response = web("lapsed.admin").post(begun, FORM | {"version": "1"} | wrong)
    assert response.status_code == 200 and "field-error" in response.content.decode()
    assert Request.objects.get(organization=world.lapsed).state == "draft"


def test_what_is_submitted_is_read_only(web: Any, submitted: Request, begun: str) -> None:
    page = web("lapsed.admin").get(f"/requests/{submitted.public_id}/").content.decode()
    for shown in ("Our office is in &lt;Paris&gt; now.", "Critical", "France", "The vendor’s staff will decide"):
        assert shown in page
    assert web("lapsed.admin").get(begun).status_code == 409
    assert "/withdraw/" not in web("lapsed.reader").get(f"/requests/{submitted.public_id}/").content.decode()


def test_a_second_request_leads_to_the_open_one(world: World, web: Any, submitted: Request) -> None:
    client = web("lapsed.admin")
    again = client.post(f"/requests/new/{CODE}/{world.lapsed.public_id}/")["Location"]
    page = client.post(again, FORM | {"version": "1"})
    assert page.status_code == 200 and f'href="/requests/{submitted.public_id}/"' in page.content.decode()


def test_the_queue_has_the_oldest_first_with_age_and_severity(world: World, web: Any, submitted: Request) -> None:
    for who in ("vendor.admin", "vendor.reader"):
        page = web(who).get("/requests/queue/").content.decode()
        waiting = Request.objects.filter(state="submitted").order_by("pk").values_list("number", flat=True)
        assert list(dict.fromkeys(re.findall(r"R-\d{8}", page))) == list(waiting)
        assert world.lapsed.name in page and "Critical" in page and "just now" in page
    narrowed = web("vendor.admin").get("/requests/queue/?severity=critical").content.decode()
    assert set(re.findall(r"R-\d{8}", narrowed)) == {submitted.number}
    found = web("vendor.admin").get(f"/requests/queue/?q={submitted.number.lower()}").content.decode()
    assert set(re.findall(r"R-\d{8}", found)) == {submitted.number}


def test_staff_decide_on_the_facts_that_they_see(world: World, web: Any, submitted: Request) -> None:
    client, url = web("vendor.admin"), f"/requests/{submitted.public_id}/"
    page = client.get(url).content.decode()
    assert "Current country" in page and "Germany → France" in page
    decision = {name: hidden(page, name) for name in SHOWN}
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")
    refused = client.post(f"{url}approve/", decision)
    assert refused.status_code == 409 and "Current country: Germany → Italy" in refused.content.decode()
    again = refused.content.decode()
    assert "Italy → France" in again
    decision = {name: hidden(again, name) for name in SHOWN}
    assert client.post(f"{url}approve/", decision).status_code == 302
    submitted.refresh_from_db()
    assert submitted.state == "approved"
    assert Organization.objects.get(pk=world.lapsed.pk).country == "FR"
    assert "was approved and carried out" in client.get(url).content.decode()


@pytest.mark.promise("G-26")
def test_a_request_is_decided_in_its_row_on_the_facts_of_the_dialog(world: World, web: Any, submitted: Request) -> None:
    """And the way back is the list as it was; a fact that has changed since is told first."""
    client, url = web("vendor.admin"), f"/requests/{submitted.public_id}/"
    queue = f"/requests/queue/?q={submitted.number}"
    page = client.get(queue).content.decode()
    decisions = re.search(r'<span class="decisions">(.*?)</a></span>', page, re.S)[1]  # type: ignore[index]
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', decisions)]
    assert [link.partition("?")[0] for link in links] == [f"{url}approve/", f"{url}decline/"]
    assert world.lapsed.name in decisions, "who does not see the row hears whom it is about"
    dialog = client.get(links[0]).content.decode()
    assert "Germany → France" in dialog and hidden(dialog, "next") == queue
    sent = {name: hidden(dialog, name) for name in (*SHOWN, "next")}
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")
    assert client.post(f"{url}approve/", sent).status_code == 409
    sent = {name: hidden(client.get(links[0]).content.decode(), name) for name in (*SHOWN, "next")}
    answer = client.post(f"{url}approve/", sent)
    assert (answer.status_code, answer["Location"]) == (302, queue)
    done = client.get("/inbox/").content.decode()
    assert f"Request {submitted.number} from {world.lapsed.name} was approved and carried out." in done
    assert client.get(f"{url}approve/").status_code == 409


def test_a_decline_in_the_row_leads_back_and_names_whom(world: World, web: Any, submitted: Request) -> None:
    client, queue = web("vendor.admin"), "/requests/queue/?severity=critical"
    sent = {"reason": "Not yet", "revision": "1", "next": queue}
    assert client.post(f"/requests/{submitted.public_id}/decline/", sent)["Location"] == queue
    said = f"Request {submitted.number} from {world.lapsed.name} was declined."
    assert said in client.get("/inbox/").content.decode()


def test_a_request_that_waits_for_long_is_in_amber(world: World, web: Any, submitted: Request) -> None:
    for days, line in ((3, "<small>3 days waiting</small>"), (4, '<small class="warn">4 days waiting</small>')):
        at = timezone.now() - dt.timedelta(days=days)
        Request.objects.filter(pk=submitted.pk).update(submitted_at=at)
        for who, page in (("vendor.reader", "/requests/queue/?severity=critical"), ("lapsed.admin", "/requests/")):
            assert line in web(who).get(page).content.decode(), who


def test_a_reader_and_who_asks_decide_nothing_in_the_row(web: Any, submitted: Request) -> None:
    for who, page in (("vendor.reader", "/requests/queue/"), ("lapsed.admin", "/requests/")):
        assert 'class="decisions"' not in web(who).get(page).content.decode(), who


def test_a_tab_of_yesterday_shows_the_request_as_it_is(web: Any, submitted: Request) -> None:
    """Whatever is pressed there: the page says that it has changed, and what has become of it."""
    staff, asker, url = web("vendor.admin"), web("lapsed.admin"), f"/requests/{submitted.public_id}/"
    decision = {name: hidden(staff.get(url).content.decode(), name) for name in SHOWN}
    staff.post(f"{url}decline/", {"reason": "Not <yet>\nPlease wait", "revision": "1"})
    pressed = [
        staff.post(f"{url}{name}/", decision | {"reason": "No"}) for name in ("approve", "decline", "ask", "assign")
    ]
    pressed += [asker.post(f"{url}withdraw/"), asker.post(f"{url}details/", FORM)]
    for answer in pressed:
        page = answer.content.decode()
        assert answer.status_code == 409 and "so your action was not carried out" in page
        assert "Declined" in page and "Not &lt;yet&gt;<br>Please wait" in page
    for opened, said in (
        (asker.get(f"{url}details/"), "This request can no longer be edited."),
        (staff.get(f"{url}approve/"), "This request is no longer waiting for a decision."),
    ):
        page = opened.content.decode()
        assert opened.status_code == 409 and said in page and "your action" not in page, "nobody has acted yet"


def test_what_a_submission_needs_is_never_called_optional(web: Any, begun: str) -> None:
    client = web("lapsed.admin")
    wrong = FORM | {"version": "1", "save": "1", "contact_email": "nonsense"}
    for page in (client.get(begun), client.post(begun, wrong)):
        labels = re.findall(r'<label class="label"[^>]*>(.*?)</label>', page.content.decode())
        assert [label.partition(" <")[0] for label in labels if "optional" in label] == [
            "Contact phone",
            "Attach files",
        ]


def test_what_is_overtaken_says_so_and_closes(world: World, web: Any, submitted: Request) -> None:
    client, url = web("vendor.admin"), f"/requests/{submitted.public_id}/"
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    page = client.get(url).content.decode()
    assert "This is already the organisation’s country." in page and "Close as overtaken" in page
    decision = {name: hidden(page, name) for name in SHOWN}
    client.post(f"{url}approve/", decision)
    submitted.refresh_from_db()
    assert submitted.state == "overtaken"
    assert "Overtaken" in client.get(url).content.decode()
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")
    told = web("lapsed.reader").get(url).content.decode().partition("Why it was overtaken")[2]
    assert "This is already the organisation’s country." in told and "Current country" in told and "France" in told


def test_whoever_closes_what_is_overtaken_approves_nothing(world: World, web: Any, submitted: Request) -> None:
    """What is possible again by now is shown first: they have read that nothing would be changed."""
    client, url = web("vendor.admin"), f"/requests/{submitted.public_id}/"
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    page = client.get(url).content.decode()
    assert "Close as overtaken" in page
    Organization.objects.filter(pk=world.lapsed.pk).update(country="DE")
    refused = client.post(f"{url}approve/", {name: hidden(page, name) for name in SHOWN})
    again = refused.content.decode()
    assert refused.status_code == 409 and "Current country: France → Germany" in again and "Approve" in again
    submitted.refresh_from_db()
    assert (submitted.state, Organization.objects.get(pk=world.lapsed.pk).country) == ("submitted", "DE")


@pytest.mark.parametrize("sent", [{}, {"facts_digest": "x"}, {"facts_digest": "x", "revision": "x"},
                                  {"facts_digest": "\0", "revision": "1"}])  # fmt: skip
def test_an_approval_with_nonsense_does_nothing(web: Any, submitted: Request, sent: dict[str, str]) -> None:
    assert web("vendor.admin").post(f"/requests/{submitted.public_id}/approve/", sent).status_code == 400
    submitted.refresh_from_db()
    assert submitted.state == "submitted"


def test_a_question_is_answered_on_the_pages(web: Any, submitted: Request) -> None:
    staff, asker, url = web("vendor.admin"), web("lapsed.admin"), f"/requests/{submitted.public_id}/"
    assert staff.post(f"{url}ask/", {"message": "Since <when>?"}).status_code == 302
    page = asker.get(url).content.decode()
    assert "Since &lt;when&gt;?" in page and f'href="{url}details/"' in page
    version = hidden(asker.get(f"{url}details/").content.decode(), "version")
    answer = FORM | {"justification": "Since May.", "message": "See there.", "version": version}
    assert asker.post(f"{url}details/", answer).status_code == 302
    page = staff.get(url).content.decode()
    assert "Since May." in page and "See there." in page and "Revision 2" in page


def test_an_answer_to_what_is_overtaken_warns(world: World, web: Any, submitted: Request) -> None:
    staff, asker, url = web("vendor.admin"), web("lapsed.admin"), f"/requests/{submitted.public_id}/"
    staff.post(f"{url}ask/", {"message": "Since when?"})
    version = hidden(asker.get(f"{url}details/").content.decode(), "version")
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    answer = asker.post(f"{url}details/", FORM | {"message": "See there.", "version": version}, follow=True)
    [said] = answer.context["messages"]
    assert said.level_tag == "warning" and "overtaken by events" in str(said)


def test_whoever_asked_reads_the_reason(web: Any, submitted: Request) -> None:
    staff, url = web("vendor.admin"), f"/requests/{submitted.public_id}/"
    assert "Enter a reason." in staff.post(f"{url}decline/", {"reason": " ", "revision": "1"}).content.decode()
    staff.post(f"{url}decline/", {"reason": "Not <yet>", "revision": "1"})
    page = web("lapsed.reader").get(url).content.decode()
    assert "Not &lt;yet&gt;" in page and "Declined" in page
    assert submitted.number in web("lapsed.reader").get("/requests/?state=closed").content.decode()


def test_messages_say_which_side_wrote_and_not_who(world: World, web: Any, submitted: Request) -> None:
    url = f"/requests/{submitted.public_id}/"
    web("vendor.admin").post(f"{url}messages/", {"message": "Hello"})
    web("lapsed.admin").post(f"{url}messages/", {"message": "Good day"})
    assert RequestMessage.objects.filter(request=submitted).count() == 2
    for who, other in (("lapsed.admin", "vendor"), ("vendor.admin", "lapsed")):
        page = web(who).get(url).content.decode()
        assert "Hello" in page and "Good day" in page and canary(other, "people") not in page
    empty = web("lapsed.admin").post(f"{url}messages/", {"message": " "})
    assert empty.status_code == 400 and "Enter a message." in empty.content.decode()


def test_a_request_is_assigned_to_a_colleague(world: World, web: Any, submitted: Request) -> None:
    url, reader = f"/requests/{submitted.public_id}/", world.operator("vendor.reader")
    client = web("vendor.admin")
    assert client.post(f"{url}assign/", {"operator": str(reader.public_id)}).status_code == 302
    assert canary("vendor", "people") in client.get("/requests/queue/").content.decode()
    assert "selected" in client.get(url).content.decode()
    other = world.operator("partner.admin")
    assert client.post(f"{url}assign/", {"operator": str(other.public_id)}).status_code == 400
    assert canary("vendor", "people") not in web("lapsed.admin").get(url).content.decode()


def test_the_start_page_says_what_waits(world: World, web: Any, submitted: Request) -> None:
    assert f"/requests/{submitted.public_id}/" in web("vendor.reader").get("/").content.decode()
    assert "Requests that need information" not in web("lapsed.admin").get("/").content.decode()
    web("vendor.admin").post(f"/requests/{submitted.public_id}/ask/", {"message": "Since when?"})
    assert "Requests that need information" in web("lapsed.admin").get("/").content.decode()


@pytest.mark.promise("CV-1")
def test_the_start_page_of_a_publisher_says_which_requests_need_information(world: World, web: Any) -> None:
    row = Request.objects.filter(organization=world.publisher, state=Request.State.SUBMITTED).earliest("pk")
    client, link = web("publisher.reader"), f'href="/requests/{row.public_id}/"'
    assert link not in client.get("/").content.decode()
    web("vendor.admin").post(f"/requests/{row.public_id}/ask/", {"message": "Since when?"})
    page = client.get("/").content.decode()
    assert link in page.partition("Requests that need information")[2].partition("</ul>")[0]


def test_only_organisations_with_something_to_ask_have_the_entry(web: Any) -> None:
    assert 'href="/requests/"' in web("publisher.reader").get("/").content.decode()
    assert 'href="/requests/"' not in web("customer.admin").get("/").content.decode()
    assert 'href="/requests/queue/"' in web("vendor.reader").get("/").content.decode()


@pytest.mark.parametrize("page", ["/requests/queue/", "/requests/{request}/"])
def test_a_page_costs_the_same_for_many(
    page: str, world: World, web: Any, count_queries: Any, submitted: Request
) -> None:
    client, url = web("vendor.admin"), page.format(request=submitted.public_id)
    client.get(url)
    with count_queries() as few:
        client.get(url)
    for _ in range(10):
        web("lapsed.admin").post(f"/requests/{submitted.public_id}/messages/", {"message": "More"})
    with count_queries() as many:
        client.get(url)
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("who", "links"),
    [
        ("stranger.admin", {"/connections/"}),  # a customer, which has nothing to ask of the vendor
        ("publisher.admin", {"/offers/"}),
        ("publisher.reader", set()),
        ("lapsed.admin", set()),
    ],
)
def test_an_empty_list_of_requests_says_where_one_begins(web: Any, who: str, links: set[str]) -> None:
    Request.objects.all().delete()
    page = web(who).get("/requests/").content.decode().partition("<main")[2].partition("</main>")[0]
    empty = page.partition('class="empty')[2]
    assert empty and set(re.findall(r'<a href="([^"]*)"', empty)) == links
    assert ('">Change of country</span>' in page or "<span>Change of country</span>" in page) is (
        who != "stranger.admin"
    )
    assert ('aria-disabled="true"' in page) is who.endswith(".reader")
