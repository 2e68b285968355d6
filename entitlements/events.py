from enum import StrEnum

from partnerportal.lib.scopes import Scope


class EntitlementEventKind(StrEnum):
    """The kinds of events about entitlements, trials, licence releases, use and publishers of SKUs."""

    ADDED = "entitlement.added"
    CHANGED = "entitlement.changed"
    TRIAL_REQUESTED = "trial.requested"
    ENDS_SOON = "entitlement.ends_soon"
    TRIAL_STARTED = "trial.started"  # by an activation link, which nobody has to approve
    TRIAL_APPROVED = "trial.approved"
    TRIAL_DECLINED = "trial.declined"
    TRIAL_EXTENDED = "trial.extended"
    TRIAL_CONVERTED = "trial.converted"
    TRIAL_CANCELLED = "trial.cancelled"
    TRIAL_EXPIRED = "trial.expired"
    ORDER_PLACED = "order.placed"
    CALENDAR_MADE = "calendar.made"
    CALENDAR_REVOKED = "calendar.revoked"
    RENEWAL_STATE_SET = "renewal.state_set"  # these three are read by the organisation whose work it is, by nobody else
    RENEWAL_OWNER_SET = "renewal.owner_set"
    RENEWAL_NOTED = "renewal.noted"
    RELEASE_ASKED = "licence.release_asked"
    RELEASE_WITHDRAWN = "licence.release_withdrawn"
    RELEASE_MARKED = "licence.release_marked"
    RELEASE_REOPENED = "licence.release_reopened"
    USE_UNUSUAL = "usage.unusual"
    PUBLISHER_SET = "sku.publisher_set"
    PUBLISHER_REMOVED = "sku.publisher_removed"
    FEED_TOKEN_CREATED = "feed_token.created"
    FEED_TOKEN_REVOKED = "feed_token.revoked"
    TRIAL_OFFERED = "trial_offer.opened"  # to partners and distributors, who offer it to new customers
    TRIAL_OFFER_CHANGED = "trial_offer.changed"
    TRIAL_OFFER_WITHDRAWN = "trial_offer.withdrawn"
    ACTIVATION_SENT = "activation.sent"
    ACTIVATION_RESENT = "activation.resent"
    ACTIVATION_COPIED = "activation.copied"
    ACTIVATION_CHANGED = "activation.changed"
    ACTIVATION_REVOKED = "activation.revoked"
    ACTIVATION_ACCEPTED = "activation.accepted"
    ACTIVATION_EXPIRED = "activation.expired"
    ACTIVATION_BOUNCED = "activation.bounced"
    ACTIVATION_STOPPED = "activation.stopped"
    PARTNER_CONFIRMED = "activation.partner_confirmed"
    PARTNER_DECLINED = "activation.partner_declined"

    @property
    def scopes(self) -> Scope:
        """The scopes (kinds of data) that a customer must share for others to read its events of this kind (E-14).

        They are NOTIFICATIONS, and ORDERS for orders, USAGE for unusual use, ENTITLEMENTS for everything else.
        """
        told = {EntitlementEventKind.ORDER_PLACED: Scope.ORDERS, EntitlementEventKind.USE_UNUSUAL: Scope.USAGE}
        return Scope.NOTIFICATIONS | told.get(self, Scope.ENTITLEMENTS)


class ServiceMomentKind(StrEnum):
    """The kinds of moments of a service that its days tell. Nobody did them here, so no event is written of them."""

    STARTED = "entitlement.started"
    RENEWED = "entitlement.renewed"
    ENDED = "entitlement.ended"
