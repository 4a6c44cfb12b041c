"""How often a contactor has switched, and how much of its life that has used up."""

from __future__ import annotations

MECHANICAL = 1e7  # openings without load in a contactor's life: 1e7 to 1e8 (OpenEVSE/openevse_esp32_firmware PR 1209)

Counts = tuple[int, int, int]  # closings, openings under load ("hot"), openings without ("cold")
NEW: Counts = (0, 0, 0)


class Wear:
    """The caller tells every move of the contactor; `rated`: openings under load that its maker allows."""

    __slots__ = ("closings", "cold", "hot", "rated")

    def __init__(self, rated: float, counts: Counts = NEW) -> None:
        self.rated = rated
        self.closings, self.hot, self.cold = counts

    def closed(self) -> None:
        """It has closed."""
        self.closings += 1

    def opened(self, hot: bool) -> None:
        """It has opened; `hot`: while the vehicle had S2 closed."""
        if hot:
            self.hot += 1
        else:
            self.cold += 1

    def renew(self) -> None:
        """There is a new contactor."""
        self.closings, self.hot, self.cold = NEW

    @property
    def counts(self) -> Counts:
        """As they are kept."""
        return self.closings, self.hot, self.cold

    @property
    def part(self) -> float:
        """Part of its life that is used up; 1.0 and more is worn."""
        return self.hot / self.rated + self.cold / MECHANICAL

    @property
    def worn(self) -> bool:
        """The warning "contactor worn" stands."""
        return self.part >= 1.0
