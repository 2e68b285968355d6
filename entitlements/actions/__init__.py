from entitlements.actions.feed import Result, import_feed
from entitlements.actions.figures import figure_differences, fold_figures, rebuild_figures
from entitlements.actions.listing import listing_differences, rebuild_listing, refresh_expired
from entitlements.actions.usage import UsageRow, store_usage

__all__ = [
    "Result",
    "UsageRow",
    "figure_differences",
    "fold_figures",
    "import_feed",
    "listing_differences",
    "rebuild_figures",
    "rebuild_listing",
    "refresh_expired",
    "store_usage",
]
