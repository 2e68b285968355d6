"""An edit names the one version that it has seen: each shape of `If-Match`, for each kind of version."""

import pytest

from marketplace.models import Offer
from support.country_change import CODE

MARKETING = {"landing_page_url": "https://publisher.example/", "webhook_url": ""}
REFUSED = {
    "empty": ("", 428, "if_match_required"),
    "blank": ("  ", 428, "if_match_required"),
    "weak": ("W/{tag}", 412, "changed_meanwhile"),
    "several": ('{tag}, "other"', 412, "changed_meanwhile"),
    "several, the newest last": ('"other", {tag}', 412, "changed_meanwhile"),
    "any and one more": ("*, {tag}", 412, "changed_meanwhile"),
    "a quoted asterisk": ('"*"', 412, "changed_meanwhile"),
    "no version": ('""', 412, "changed_meanwhile"),
    "no number": ('"x"', 412, "changed_meanwhile"),
    "a digit of no number": ('"²"', 412, "changed_meanwhile"),
    "a number of more digits than Python reads": (f'"{"9" * 5000}"', 412, "changed_meanwhile"),
    "below all": ('"-1"', 412, "changed_meanwhile"),
}


@pytest.fixture(params=["draft of a request", "draft of an offer", "audience", "technical", "sharing"])
def edit(request, api, world):
    """A client, the URL of something that it may change, and a body that is accepted."""
    offers = f"/api/v1/offers/{Offer.objects.get(code='backup').public_id}/"
    who, url, body = {
        "draft of a request": ("lapsed.admin", "", {"title": "We have moved"}),
        "draft of an offer": ("publisher.admin", offers, None),
        "audience": ("publisher.admin", f"{offers}audience/", {"audience": "any"}),
        "technical": ("publisher.admin", f"{offers}technical/", MARKETING),
        "sharing": (
            "customer.admin",
            f"/api/v1/connections/{world.connection('customer', 'partner').public_id}/sharing/",
            {"scopes": ["orders"]},
        ),
    }[request.param]
    client = api(who)
    if not url:
        begun = client.post("/api/v1/requests/", {"kind": CODE, "subject": str(world.lapsed.public_id)})
        url = f"/api/v1/requests/{begun.json()['id']}/"
    return client, url, body or client.get(url).json()["tree"]


@pytest.mark.parametrize("shape", REFUSED)
def test_an_edit_names_the_one_version_that_was_seen(edit, shape):
    client, url, body = edit
    header, status, code = REFUSED[shape]
    before = client.get(url)
    refused = client.put(url, body, format="json", headers={"If-Match": header.format(tag=before["ETag"])})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (status, code)
    assert client.get(url)["ETag"] == before["ETag"] and client.get(url).json() == before.json()


@pytest.mark.parametrize("header", ["{tag}", " {tag} ", "*"])
def test_the_version_that_is_there_and_any_are_changed(edit, header):
    client, url, body = edit
    tag = client.get(url)["ETag"]
    changed = client.put(url, body, format="json", headers={"If-Match": header.format(tag=tag)})
    assert changed.status_code == 200 and changed["ETag"] == client.get(url)["ETag"] != tag
