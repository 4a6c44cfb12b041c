"""Mutants that no test can tell from the original, by name, with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {
    "contactor.Contactor.__init__: True in `self.proven_open = False`": (
        "written by the first step, before anything asks for it"
    ),
    "iec61851.Machine._event: without part 2 in `if amps < LEAST or fault:`": (
        "a fault that has been shown leaves rows without an offer only, and one together with letter E goes to E, in "
        "this step or the next; both hold X1"
    ),
    'iec61851.Machine._event: without part 2 in `if (at_once or fault) and "now" in cells:` #2': (
        "with the contactor closed a fault goes to F, or to E by its letter, before this is asked"
    ),
    "iec61851.Machine._offer: 1 in `self.offered = 0.0 if duty is None else amps_of(duty)`": (
        "no row with an offer is entered with less than 6 A, so duty is never None here"
    ),
    "phases.PhaseRelay.__init__: True in `self._spent = False # the budget; a word for `why``": (
        "written by the first step that has a wish, before the words are asked for it"
    ),
    "phases.PhaseRelay._moving: if True in `self._break_until = now + self._break_s if plugged else inf`": (
        "without a vehicle there is no break, and outside the break nobody asks when it ends"
    ),
    'rules.Rules.__init__: True in `self._was, self._had_plug = "A", False`': (
        "it would only want a self-test at the start, where one is due anyway"
    ),
    'rules.Rules._watch: without part 1 in `plugged=plugged, asking=look.letter in "CD", closed=look.closed or '
    "machine.closed,`": (
        "the two differ only while the contactor's driver fails to open: a fault, and nothing is proven open"
    ),
    "supervisor.Supervisor.__init__: True in `self.live = False # the permit has not run out`": (
        "written by the first step, before anything asks for it"
    ),
}
