"""The counting rules, each with its worked example (requirements, section F)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entitlements import counting
from entitlements.counting import DailyUsageCounts, LicenceBarTone, LicenceTotals
from entitlements.models import Entitlement

TODAY = dt.date(2026, 3, 15)


def have(sku: int, quantity: int, assigned: int, *, kind: str = "production", ended: bool = False) -> Entitlement:
    ends_on = TODAY - dt.timedelta(days=1) if ended else TODAY  # its last day is one of use
    return Entitlement(sku_id=sku, quantity=quantity, assigned=assigned, kind=kind, state="active", ends_on=ends_on)


def test_what_is_paid_is_the_total_and_trials_stand_beside_it() -> None:
    """Licences of one SKU do not fill in for another, those of a trial for none, and what has ended counts nowhere."""
    paid = [have(1, 10, 14), have(1, 5, 3), have(2, 100, 40), have(3, 2, 5)]
    tried = [have(1, 25, 9, kind="trial"), have(4, 5, 7, kind="trial")]
    requested = Entitlement(sku_id=1, quantity=50, kind="trial", state="requested")
    totals = counting.count_licence_totals([*paid, *tried, requested, have(2, 7, 7, ended=True)], TODAY)
    assert totals == LicenceTotals(
        purchased=117, assigned=62, overage=5, trial_purchased=30, trial_assigned=16, overage_by_sku={3: 3, 1: 2}
    )
    assert list(totals.overage_by_sku) == [3, 1] and totals.available == 60


def test_a_user_device_licence_counts_the_lesser_of_users_and_devices() -> None:
    """120 people on 95 shared machines use 95 licences, and 40 people with 70 machines use 40."""
    assert counting.count_licences_in_use("user_device", users=120, devices=95, peak=200) == 95
    assert counting.count_licences_in_use("user_device", users=40, devices=70, peak=200) == 40


def test_a_concurrent_licence_counts_the_peak() -> None:
    assert counting.count_licences_in_use("concurrent", users=120, devices=95, peak=33) == 33


def test_daily_is_the_last_24_hours() -> None:
    day = DailyUsageCounts(
        TODAY, daily_users=51, daily_devices=48, monthly_users=90, monthly_devices=80, peak_concurrent=30
    )
    assert counting.count_daily_active_licences("user_device", day) == 48
    assert counting.count_daily_active_licences("concurrent", day) == 30


def test_monthly_is_the_last_30_days() -> None:
    """Unique people over thirty days are the vendor's count; a peak is the highest of thirty days, not of 31."""
    days = [
        DailyUsageCounts(
            TODAY - dt.timedelta(back), monthly_users=100 - back, monthly_devices=120, peak_concurrent=peak
        )
        for back, peak in ((0, 20), (29, 44), (30, 99))
    ]
    assert counting.count_monthly_active_licences("user_device", days, TODAY) == 100
    assert counting.count_monthly_active_licences("concurrent", days, TODAY) == 44


@pytest.mark.promise("CC-35")
def test_previously_and_newly_assigned_make_up_the_assigned() -> None:
    """Of 57 licences assigned in March 12 were assigned in March."""
    assert counting.count_previously_assigned_licences(57, 12) == 45


def test_overage_and_licences_left() -> None:
    assert (counting.count_licence_overage(57, 50), counting.count_available_licences(57, 50)) == (7, 0)
    assert (counting.count_licence_overage(42, 50), counting.count_available_licences(42, 50)) == (0, 8)


@pytest.mark.parametrize(
    ("assigned", "purchased", "share"),
    [(42, 50, 84), (57, 50, 114), (50, 50, 100), (0, 50, 0), (1, 8, 13), (999, 1000, 99), (1, 1000, 1),
     (1001, 1000, 101), (0, 0, None), (3, 0, None)],
)  # fmt: skip
def test_the_share_assigned_never_rounds_to_full_or_to_none(assigned: int, purchased: int, share: int | None) -> None:
    assert counting.compute_percent_of_licences_assigned(assigned, purchased) == share


@pytest.mark.parametrize(
    ("assigned", "tone"),
    [
        (20, LicenceBarTone.QUIET),
        (60, LicenceBarTone.GREEN),
        (89, LicenceBarTone.GREEN),
        (90, LicenceBarTone.AMBER),
        (100, LicenceBarTone.AMBER),
        (101, LicenceBarTone.RED),
    ],
)
def test_full_is_amber_and_only_more_is_red(assigned: int, tone: LicenceBarTone) -> None:
    assert counting.choose_licence_bar_tone(assigned, 100) is tone


def test_the_warning_begins_90_days_before_the_end() -> None:
    ends = {left: TODAY + dt.timedelta(left) for left in (91, 90, 1, 0, -1)}
    assert {left: counting.count_days_left(day, TODAY) for left, day in ends.items()} == {
        91: None, 90: 90, 1: 1, 0: 0, -1: None
    }  # fmt: skip
    assert counting.count_days_left(None, TODAY) is None


@pytest.mark.promise("G-6")
def test_when_all_will_be_assigned() -> None:
    """Two more every week, 5 left: 18 days. Nothing is said of too short a history, a fall, or what is far away."""

    def full_on(assigned: int = 45, per_day: float | None = 2 / 7, history: int = 60) -> dt.date | None:
        return counting.predict_day_licences_run_out(
            as_of=TODAY, assigned=assigned, purchased=50, assigned_per_day=per_day, history_days=history
        )  # fmt: skip

    assert full_on() == TODAY + dt.timedelta(18)
    assert full_on(assigned=50) == full_on(assigned=51) == TODAY
    assert [full_on(history=27), full_on(per_day=0), full_on(per_day=-1), full_on(per_day=None)] == [None] * 4
    assert full_on(per_day=1 / 146) == TODAY + dt.timedelta(730)
    assert full_on(per_day=5 / 731) is None
    assert full_on(history=28) == full_on()


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_words_and_numbers_agree(assigned: int, purchased: int) -> None:
    share = counting.compute_percent_of_licences_assigned(assigned, purchased)
    assert share is not None
    assert (share > 100) == (assigned > purchased) == (counting.count_licence_overage(assigned, purchased) > 0)
    assert (share == 100) == (assigned == purchased)
    assert (
        counting.count_available_licences(assigned, purchased) - counting.count_licence_overage(assigned, purchased)
        == purchased - assigned
    )
