"""One line of the bench's report: a goal, and what was measured against it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GoalLine:
    """One goal with its measured `value` and its `target`, both in `unit`. Smaller is better unless `at_least`."""

    goal: str
    value: float
    target: float
    unit: str = "x"
    at_least: bool = False

    def __str__(self) -> str:
        met = self.value >= self.target if self.at_least else self.value <= self.target
        sign = "≥" if self.at_least else "≤"
        value, target = (f"{number:,.2f}{self.unit}" for number in (self.value, self.target))
        return f"{'pass      ' if met else 'FALL SHORT'}  {value:>12}  {sign} {target:<10}  {self.goal}"
