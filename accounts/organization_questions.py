"""The words of the dialogs in which vendor staff do something with an organisation."""

from django.utils.translation import gettext as _

from accounts.models import Organization
from partnerportal.lib.row_actions import ConfirmationDialog


def ask_to_correct(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that corrects what was verified of an organisation."""
    text = _(
        "These details have been verified, and they are why people trust an invitation. The organisation’s Admins "
        "will get a notification."
    )
    return ConfirmationDialog(_("Correct the verified details of %(name)s") % {"name": row.name}, text, _("Save"))


def ask_to_invite(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that invites the first Admin of an organisation."""
    text = _(
        "This organisation has no Admin yet. Whoever accepts the invitation will become its Admin and be able to "
        "invite colleagues. The domain of their address will then count as one of the organisation’s domains. Any "
        "earlier invitation to another address will be withdrawn."
    )
    return ConfirmationDialog(_("Invite the first Admin of %(name)s") % {"name": row.name}, text, _("Send invitation"))


def ask_to_confirm_domain(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that confirms a domain as an organisation's."""
    text = _(
        "Anyone with an address at this domain can be added as an operator until the organisation verifies a domain "
        "itself. The organisation’s Admins will get a notification."
    )
    return ConfirmationDialog(_("Confirm a domain for %(name)s") % {"name": row.name}, text, _("Confirm domain"))


def ask_to_withdraw_domain(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that takes the confirmation of a domain back."""
    text = _(
        "Nobody new will be able to join with this domain until the organisation verifies it. Current operators will "
        "keep their access. The organisation’s Admins will get a notification."
    )
    title = _("Withdraw a domain confirmation for %(name)s?") % {"name": row.name}
    return ConfirmationDialog(title, text, _("Withdraw confirmation"), "danger-solid")


def ask_to_suspend(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that suspends an organisation."""
    text = _(
        "From now on, nobody will be able to act for this organisation, and its links, exports and emails will stop "
        "working. Others will still be able to see what it shares. Everyone who acts for the organisation will get "
        "the reason by email, so don’t name anyone in it."
    )
    return ConfirmationDialog(_("Suspend %(name)s?") % {"name": row.name}, text, _("Suspend"), "danger-solid")


def ask_to_reactivate(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that lifts a suspension."""
    text = _("Everything will work as before, and everyone who acts for the organisation will get a notification.")
    return ConfirmationDialog(_("Lift the suspension of %(name)s?") % {"name": row.name}, text, _("Lift suspension"))


def ask_to_grant(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that grants a membership."""
    text = _(
        "The badge will be shown, and its features will work, from the first day to the last. The Admins will get a "
        "notification."
    )
    return ConfirmationDialog(_("Grant a membership to %(name)s") % {"name": row.name}, text, _("Grant membership"))


def ask_to_extend(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that sets another last day of a membership."""
    text = _("This will change the last day of the current membership. The Admins will get a notification.")
    return ConfirmationDialog(_("Extend a membership for %(name)s") % {"name": row.name}, text, _("Extend membership"))


def ask_to_end(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that ends a membership."""
    text = _(
        "After the last day, the badge’s features will stop working. Connections and data will be kept for any "
        "future membership."
    )
    title = _("End a membership for %(name)s?") % {"name": row.name}
    return ConfirmationDialog(title, text, _("End membership"), "danger-solid")


def ask_to_move(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that moves a partner, with where it stands now."""
    if row.parent:
        text = _("%(name)s currently works with the distributor %(distributor)s.") % {
            "name": row.name,
            "distributor": row.parent.name,
        }
    else:
        text = _("%(name)s currently works directly with the vendor.") % {"name": row.name}
    return ConfirmationDialog(_("Move %(name)s") % {"name": row.name}, text, _("Move partner"))


def ask_to_onboard(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that says whether new partners of a distributor need a confirmation."""
    text = _(
        "Without confirmation, the membership that the distributor has chosen begins as soon as a new partner uses "
        "its activation link."
    )
    return ConfirmationDialog(_("New partners of %(name)s") % {"name": row.name}, text, _("Save"))


def ask_for_manager(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that sets the account manager."""
    text = _(
        "The organisation’s operators will see the account manager’s name, email and phone number wherever they "
        "might need help."
    )
    return ConfirmationDialog(_("Account manager of %(name)s") % {"name": row.name}, text, _("Save"))


def ask_to_qualify(row: Organization) -> ConfirmationDialog:
    """Return the words of the dialog that sets competencies and skills."""
    text = _("Publishers use competencies and skills to find partners when they choose who may resell an offer.")
    return ConfirmationDialog(_("Competencies and skills of %(name)s") % {"name": row.name}, text, _("Save"))
