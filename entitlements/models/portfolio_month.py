"""What all customers of one viewer used together, month by month: sums that spare adding up the use of each."""

from django.db import models

from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class PortfolioMonthQuerySet(TenantQuerySet):
    """A queryset of the months of portfolios: an actor sees the rows with its own organisation as viewer."""

    def rows_for(self, actor: Actor) -> "PortfolioMonthQuerySet":
        """Return the months of which the actor's organisation is the viewer."""
        return self.filter(viewer=actor.organization_id)


class PortfolioMonth(models.Model):
    """The use of one viewer's customers together in one month: of all that share their usage with it today.

    A task counts all months of a viewer at once, each night and when other customers share than were counted. A trigger
    adds a row without a `month` when a customer does not share its usage any more: until the next count such a row says
    that the others are void, and nobody shows them. Rows are added rather than changed, so that the ends of two
    connections never wait for each other.
    """

    viewer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    month = models.DateField(null=True)  # its first day; None makes the viewer's other rows void
    sharing = models.PositiveIntegerField(db_default=0)  # customers that shared their usage when it was counted
    customers = models.PositiveIntegerField(db_default=0)  # those of whom usage was reported in the month
    purchased = models.PositiveBigIntegerField(db_default=0)
    assigned = models.PositiveBigIntegerField(db_default=0)
    newly_assigned = models.PositiveBigIntegerField(db_default=0)  # the part of assigned that was new in the month
    monthly_active = models.PositiveBigIntegerField(db_default=0)

    objects = PortfolioMonthQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "month"], name="portfolio_month_once"),)
