"""Mails of the sign-in library: in the house's words and style, in each language, as text and as HTML."""

from pathlib import Path

import allauth
import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context as current
from django.conf import settings
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import timezone, translation

from tests.mails import sent
from tests.world import address

LIBRARY = Path(allauth.__file__).parent / "templates"
# The library has a folder of templates for all its parts; those of a part that is not installed are never sent.
PARTS = sorted(app.partition(".")[2] for app in settings.INSTALLED_APPS if app.startswith("allauth."))
LAYOUTS = {"account/email/base_message.txt", "account/email/base_notification.txt"}  # drawn by no template of ours
MAILS = sorted(
    str(path.relative_to(LIBRARY)).removesuffix("_subject.txt")
    for part in PARTS
    for path in (LIBRARY / part / "email").glob("*_subject.txt")
)
LANGUAGES = [code for code, _name in settings.LANGUAGES]
CONTEXT = {
    "code": "BCDF-GHJK",
    "password_reset_url": "http://localhost:8000/sign-in/password/reset/key/1-abc/",
    "signup_url": "http://localhost:8000/sign-in/signup/",
    "deleted_email": "old@example.com",
    "from_email": "old@example.com",
    "to_email": "new@example.com",
}
ORIGIN = {"ip": "203.0.113.9", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0", "timestamp": timezone.now()}


def test_every_mail_of_the_library_has_a_template_of_ours():
    shipped = {
        str(path.relative_to(LIBRARY))
        for part in PARTS
        for path in (LIBRARY / part / "email").rglob("*")
        if path.is_file()
    } - LAYOUTS
    assert len(shipped) >= 2 * len(MAILS) > 30
    own = settings.BASE_DIR / "templates"
    assert [name for name in sorted(shipped) if Path(get_template(name).origin.name) != own / name] == []
    assert not [path for path in own.rglob("email/*.txt") if "base_" in path.read_text()]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prefix", MAILS)
def test_it_is_text_and_html_without_the_library_s_words(prefix, language, rf: RequestFactory):
    request = rf.get("/")
    more = ORIGIN if "code" not in prefix and not prefix.endswith(("_exists", "_key", "unknown_account")) else {}
    with translation.override(language), current.request_context(request):
        mail = get_adapter(request).render_mail(
            prefix, "maya@fresh.example", {**CONTEXT, **more, "email": "maya@fresh.example"}
        )
    [(html, kind)] = mail.alternatives
    assert (kind, mail.to) == ("text/html", ["maya@fresh.example"])
    assert f'<html lang="{language}">' in html and "prefers-color-scheme: dark" in html
    assert "\n" not in mail.subject and mail.subject in html
    for text in (mail.body, html):
        assert "maya@fresh.example" in text
        assert not any(words in text for words in ("Hello from", "Thank you for using", "example.com site", "{{", "{%"))
    assert "\n\n\n" not in mail.body and mail.body.startswith(mail.body.strip()[:10])
    if language != "en":
        with translation.override("en"), current.request_context(request):
            english = get_adapter(request).render_mail(prefix, "maya@fresh.example", {**CONTEXT, **more})
        assert mail.subject != english.subject and mail.body != english.body


def test_what_somebody_typed_is_escaped_in_html_and_stands_plain_in_the_text(rf):
    request = rf.get("/")
    with current.request_context(request):
        mail = get_adapter(request).render_mail(
            "account/email/password_reset_key", "a&b@example.com", {**CONTEXT, "email": "a&b@example.com"}
        )
    assert "a&b@example.com" in mail.body and "a&amp;b@example.com" in mail.alternatives[0].content


@pytest.mark.django_db
def test_a_changed_password_names_the_place_it_was_changed_from(web, world):
    client = web("customer.admin")
    form = {
        "oldpassword": "correct horse battery",
        "password1": "seven violet otters",
        "password2": "seven violet otters",
    }
    assert (
        client.post("/sign-in/password/change/", form, headers={"user-agent": "x Firefox/140.0 Windows"}).status_code
        == 302
    )
    mail = next(mail for mail in sent() if mail.to == [address("customer.admin")])
    assert "Firefox" in mail.body and "127.0.0.1" in mail.body and "/sign-in/sessions/" in mail.body
    assert "Windows" in mail.alternatives[0].content
