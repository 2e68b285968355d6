"""The base of commands that register a person."""

from accounts.actions.people import PersonRegistrationResult
from partnerportal.lib.commands import StaffCommand


class RegisterPersonCommand(StaffCommand):
    """The base of the vendor staff's commands that register a person with `register_person`."""

    def warn_about_reset_account(self, registration: PersonRegistrationResult) -> None:
        """Warn on stderr if the person had an account with an unverified address, which was emptied."""
        if registration.was_reset:
            person = registration.person
            self.stderr.write(
                f"{person.email} signed up on {person.date_joined:%d %B %Y} and had not verified the address: somebody"
                " else may have done so. The password, devices and sessions of that account were removed; a new"
                " password is set with “Forgot your password?”."
            )
