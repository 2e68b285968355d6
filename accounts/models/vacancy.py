"""Which organisations have no Admin, kept for the vendor's start page."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.organization import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class AdminVacancyQuerySet(TenantQuerySet):
    """A queryset of vacancies. Vendor staff see all of them, and nobody else sees any."""

    def rows_for(self, actor: Actor) -> "AdminVacancyQuerySet":
        return self if actor.organization_kind == OrganizationKind.VENDOR else self.none()


class AdminVacancy(models.Model):
    """A mark that an organisation has no Admin. A task writes it each hour, because nobody counts 100,000 on a page.

    A trigger takes it away with the first Admin, so that no organisation is listed that has one.
    """

    organization = models.OneToOneField("accounts.Organization", models.CASCADE, primary_key=True, related_name="+")
    found_at = models.DateTimeField(db_default=Now())

    objects = AdminVacancyQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["-found_at", "organization"], name="admin_vacancy_newest"),)
