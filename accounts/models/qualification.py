"""What partners are qualified for: competencies and skills, as the vendor's catalogue names them (CA-12)."""

from django.db import models

from accounts.models.organization import make_visible_organization_condition
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import LONGEST_NAME, RetirableEntry
from partnerportal.lib.visible_rows import TenantQuerySet


class QualificationCatalogueEntry(RetirableEntry):
    """The base of competencies and skills."""

    name = models.CharField(max_length=LONGEST_NAME)  # a proper name, so it is the same in every language

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Competency(QualificationCatalogueEntry):
    """A competency that organisations may have."""


class Skill(QualificationCatalogueEntry):
    """A skill that organisations may have."""


class QualificationQuerySet(TenantQuerySet):
    """A queryset of qualifications: an actor sees the qualifications of organisations that it sees."""

    def rows_for(self, actor: Actor) -> "QualificationQuerySet":
        return self.filter(make_visible_organization_condition(actor, "organization"))


class OrganizationCompetency(models.Model):
    """A competency that an organisation has."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE)
    competency = models.ForeignKey(Competency, models.PROTECT)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "competency"], name="competency_once"),)


class OrganizationSkill(models.Model):
    """A skill that an organisation has."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE)
    skill = models.ForeignKey(Skill, models.PROTECT)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "skill"], name="skill_once"),)
