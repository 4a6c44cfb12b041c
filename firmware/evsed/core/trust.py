"""How much energy a running transaction may still have whose token the central system has refused.

1.6 StartTransaction.conf and 2.x E05: MaxEnergyOnInvalidId Wh more, or none.
"""

from __future__ import annotations


class Trust:
    """Ends for good once it is spent; a new transaction begins with a new one."""

    def __init__(self, refused: bool = False) -> None:
        self._refused = refused
        self._until_wh: float | None = None  # register at which it is spent

    @property
    def spent(self) -> bool:
        """No more energy."""
        return self._refused and self._until_wh is None

    def refuse(self, register_wh: float | None, allowed_wh: int) -> None:
        """The token has been refused, at that register of the meter (None: it has never told one)."""
        self._refused = True
        if allowed_wh > 0 and register_wh is not None:
            self._until_wh = register_wh + allowed_wh

    def spend(self, register_wh: float | None) -> bool:
        """The meter says so much now; True when that has just used it up."""
        if self._until_wh is None or register_wh is None or register_wh < self._until_wh:
            return False
        self._until_wh = None
        return True
