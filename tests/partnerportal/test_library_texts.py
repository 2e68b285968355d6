"""Texts of libraries that we translate ourselves: they are still theirs, and ours is what a form says."""

from pathlib import Path

import django
import polib
import pytest
import rest_framework
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

DJANGO = Path(django.__file__).parent
LIBRARIES = [DJANGO / "conf/locale", DJANGO / "contrib/auth/locale", Path(rest_framework.__file__).parent / "locale"]
KNOWN = {entry.msgid for folder in LIBRARIES for entry in polib.mofile(str(folder / "fr/LC_MESSAGES/django.mo"))}


def test_each_is_a_text_of_a_library():
    """Otherwise a new version of it says something else, in its own translation."""
    ours = polib.pofile(str(settings.BASE_DIR / "locale/fr/LC_MESSAGES/django.po"))
    listed = {entry.msgid for entry in ours if ("partnerportal/library_texts.py", "") in entry.occurrences}
    assert len(listed) > 10 and not listed - KNOWN


@pytest.mark.parametrize(
    "language, words",
    [
        ("fr", "Saisissez au plus 3 caractères (actuellement 4)."),
        ("ja", "3文字以内で入力してください（現在4文字です）。"),
    ],
)
def test_a_form_says_it_in_our_words(language, words):
    with pytest.raises(ValidationError) as refusal:
        forms.CharField(max_length=3).clean("four")
    with translation.override(language):
        assert refusal.value.messages == [words]


@pytest.mark.parametrize(
    "language, words",
    [
        ("fr", "Ce mot de passe est trop court. Il doit contenir au moins 12 caractères."),
        ("ja", "パスワードが短すぎます。12文字以上にしてください。"),
    ],
)
def test_a_short_password_is_refused_in_our_words(language, words):
    with translation.override(language), pytest.raises(ValidationError) as refusal:
        validate_password("kX9-wq")
    assert refusal.value.messages == [words]


def test_the_rules_for_a_password_have_no_blanks_between_japanese_and_numbers():
    with translation.override("ja"):
        rules = password_validators_help_texts()
    assert "12文字以上で設定してください。" in rules and not [rule for rule in rules if " " in rule]
