from marketplace.models.audience import AudienceChange, Authorization
from marketplace.models.file import OfferFile
from marketplace.models.health import HealthIssue, HealthReport
from marketplace.models.market import Category, Market, MarketCountry, MarketCurrency
from marketplace.models.offer import (
    Audience,
    ChannelInfo,
    Offer,
    OfferType,
    OfferVersion,
    Plan,
    PricingModel,
    PrivateInfo,
)
from marketplace.models.price import BillingFrequency, Price, Term
from marketplace.models.product import OFFER_MEASURES, Measure, Product, ProductFigure
from marketplace.models.reseller import ResellerListing
from marketplace.models.stop import SaleStop, StopReason
from marketplace.models.subscription import Subscription, SubscriptionTerm

__all__ = [
    "OFFER_MEASURES",
    "Audience",
    "AudienceChange",
    "Authorization",
    "BillingFrequency",
    "Category",
    "ChannelInfo",
    "HealthIssue",
    "HealthReport",
    "Market",
    "MarketCountry",
    "MarketCurrency",
    "Measure",
    "Offer",
    "OfferFile",
    "OfferType",
    "OfferVersion",
    "Plan",
    "Price",
    "PricingModel",
    "PrivateInfo",
    "Product",
    "ProductFigure",
    "ResellerListing",
    "SaleStop",
    "StopReason",
    "Subscription",
    "SubscriptionTerm",
    "Term",
]
