from entitlements.actions.anomalies import find_anomalies
from entitlements.actions.figures import figure_differences, fold_figures, rebuild_figures
from entitlements.actions.listing import listing_differences, rebuild_listing, refresh_expired
from entitlements.actions.releases import ask_release, keep_licence, mark_released, reopen_release
from entitlements.actions.renewals import announce_renewals, make_calendar, note_reading, revoke_calendar
from entitlements.actions.sweeping import sweep_alerts, sweep_anomalies
from entitlements.actions.trials import (
    approve_trial,
    cancel_trial,
    convert_trial,
    decline_trial,
    expire_trials,
    extend_trial,
    extended_to,
    request_trial,
)
from entitlements.actions.usage import UsageRow, store_usage
from entitlements.actions.usage_check import rebuild_usage, usage_differences

__all__ = [
    "UsageRow",
    "announce_renewals",
    "approve_trial",
    "ask_release",
    "cancel_trial",
    "convert_trial",
    "decline_trial",
    "expire_trials",
    "extend_trial",
    "extended_to",
    "figure_differences",
    "find_anomalies",
    "fold_figures",
    "keep_licence",
    "listing_differences",
    "make_calendar",
    "mark_released",
    "note_reading",
    "rebuild_figures",
    "rebuild_listing",
    "rebuild_usage",
    "refresh_expired",
    "reopen_release",
    "request_trial",
    "revoke_calendar",
    "store_usage",
    "sweep_alerts",
    "sweep_anomalies",
    "usage_differences",
]
