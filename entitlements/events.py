from enum import StrEnum


class EntitlementEvent(StrEnum):
    ADDED = "entitlement.added"
    CHANGED = "entitlement.changed"
    TRIAL_REQUESTED = "trial.requested"
    TRIAL_EXPIRED = "trial.expired"
    ORDER_PLACED = "order.placed"
