from entitlements.models.activation import ActivationLink, ActivationToken
from entitlements.models.assignment import LicenseAssignment
from entitlements.models.entitlement import Entitlement, Sku
from entitlements.models.growth import ChannelMonth
from entitlements.models.ingest import IngestToken, IngestUpload
from entitlements.models.listing import NO_EXPIRY, CustomerListing, CustomerPace, PortfolioFigure
from entitlements.models.moment import Moment
from entitlements.models.order import Order, OrderLine
from entitlements.models.partner import NEVER, PartnerListing
from entitlements.models.portfolio_month import PortfolioMonth
from entitlements.models.publisher import SkuPublisher
from entitlements.models.release import LicenceRelease
from entitlements.models.renewal import CalendarFeed, RenewalAlert
from entitlements.models.renewal_work import RenewalState, RenewalStep, RenewalWork
from entitlements.models.trial_offer import TrialOffer
from entitlements.models.usage import Anomaly, CustomerUsage, UnusualUse, UsageDay, UsageMonth, get_first_day_of_month

__all__ = [
    "NEVER",
    "NO_EXPIRY",
    "ActivationLink",
    "ActivationToken",
    "Anomaly",
    "CalendarFeed",
    "ChannelMonth",
    "CustomerListing",
    "CustomerPace",
    "CustomerUsage",
    "Entitlement",
    "IngestToken",
    "IngestUpload",
    "LicenceRelease",
    "LicenseAssignment",
    "Moment",
    "Order",
    "OrderLine",
    "PartnerListing",
    "PortfolioFigure",
    "PortfolioMonth",
    "RenewalAlert",
    "RenewalState",
    "RenewalStep",
    "RenewalWork",
    "Sku",
    "SkuPublisher",
    "TrialOffer",
    "UnusualUse",
    "UsageDay",
    "UsageMonth",
    "get_first_day_of_month",
]
