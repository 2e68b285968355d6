"""Persons: the human beings who sign in. They are not tenant-owned, because one may act for several organisations."""

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib import tenancy
from partnerportal.lib.fields import OneLineModelField
from partnerportal.lib.models import PublicIdModel

if TYPE_CHECKING:
    from accounts.models.operator import Operator


class Theme(models.TextChoices):
    """The colours of the pages that a person has chosen: light, dark, or as on their device."""

    AUTO = "auto", _("As my device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless the value is the name of a time zone, such as "Europe/Paris"."""
    if value not in available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="time_zone")


class PersonManager(BaseUserManager["Person"]):
    """The manager that creates persons, for Django and for allauth."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Store and return a person with this address, in lower case. Without a password they cannot sign in by one."""
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(PublicIdModel, AbstractBaseUser):
    """A human being who signs in by their e-mail address."""

    class Origin(models.TextChoices):
        """The way in which a person got an account."""

        REGISTERED = "registered"  # by vendor staff or an import; such a person is kept without a verified address too
        SIGNED_UP = "signed_up"

    email = models.EmailField(_("email address"), unique=True)
    name = OneLineModelField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    theme = models.CharField(_("appearance"), max_length=8, choices=Theme, default=Theme.AUTO)
    is_active = models.BooleanField(default=True)
    locked_at = models.DateTimeField(null=True, editable=False)  # when last locked: reset links from before it are void
    date_joined = models.DateTimeField(default=timezone.now)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REGISTERED, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    # Organisations (ids) in which the person has done or dismissed the first steps of the start page.
    past_first_steps = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)

    acting_for: "list[Operator]"  # set by PortalAuthenticationBackend on the person of a request

    objects: ClassVar[PersonManager] = PersonManager()

    def __str__(self) -> str:
        return self.name or self.email

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether this is the person's password.

        As in Django, a right password is hashed anew and stored if the hasher has become stricter since. The database
        allows only the person to change it, and a right password shows that it is the person.
        """

        def hash_anew(password: str) -> None:
            tenancy.allow_credential_writes(self.pk)
            self.set_password(password)
            self._password = None
            self.save(update_fields=["password"])

        return check_password(raw_password, self.password, hash_anew)
