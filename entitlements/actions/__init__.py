from entitlements.actions.feed import Result, import_feed
from entitlements.actions.listing import listing_differences, rebuild_listing, refresh_expired

__all__ = ["Result", "import_feed", "listing_differences", "rebuild_listing", "refresh_expired"]
