"""How people like to see lists: saved views, columns, density."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organization import Organization
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class SavedViewQuerySet(TenantQuerySet):
    """A queryset of saved views. An actor sees those of the acting person, and those that colleagues share."""

    def rows_for(self, actor: Actor) -> "SavedViewQuerySet":
        return self.filter(Q(person_id=actor.person_id) | Q(is_shared=True), organization=actor.organization_id)


class SavedView(PublicIdModel):
    """A list's filters and order, saved under a name by one person, who may share them with the organisation."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    person_id = models.BigIntegerField()  # the person who saved the view
    list_key = models.CharField(max_length=20)  # the key of a ListDefinition
    name = models.CharField(max_length=60)
    query = models.JSONField(default=dict)  # the filters and the order, as in a URL
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "person_id", "list_key", "name"], name="saved_view_name_once"
            ),
        )


class ListSettingsQuerySet(TenantQuerySet):
    """A queryset of list settings. An actor sees the acting person's own, in the organisation they act for."""

    def rows_for(self, actor: Actor) -> "ListSettingsQuerySet":
        return self.filter(organization=actor.organization_id, person_id=actor.person_id)


class ListSettings(models.Model):
    """One person's settings of one list, in one organisation: columns, density and default view."""

    class Density(models.TextChoices):
        """The height of a list's rows."""

        COMFORTABLE = "comfortable"
        COMPACT = "compact"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    person_id = models.BigIntegerField()
    list_key = models.CharField(max_length=20)  # the key of a ListDefinition
    columns = ArrayField(models.CharField(max_length=20), default=list)  # names, in order; empty: the usual ones
    density = models.CharField(max_length=12, choices=Density, default=Density.COMFORTABLE)
    default_view = models.ForeignKey(SavedView, models.SET_NULL, null=True, related_name="+")

    objects = ListSettingsQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "person_id", "list_key"], name="list_settings_once"),
        )
