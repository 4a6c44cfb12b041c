"""How the desk CSMS misbehaves when it is told to: a list of rules, each used up after some times.

{"do": "behave", "how": "callerror", "action": "StartTransaction", "times": 3, "code": "InternalError"}
{"do": "behave", "how": "answer", "action": "BootNotification", "payload": {"status": "Pending", "interval": 2}}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .control import Message, Refused, choose

HOWS = {
    "callerror": "answers CALLERROR with `code` and `description`, and forgets the call",
    "nothing": "takes no notice of the call: neither entered nor answered",
    "lost": "enters the call; its answer is lost on the way",
    "garbage": "answers with `text`, which is no OCPP frame, and forgets the call",
    "stranger": "sends an answer nobody asked for, and then the right one",
    "slow": "enters the call and answers after `seconds`",
    "answer": "answers as usual, with the fields of `payload` put over the usual ones",
    "boot": "answers BootNotification with `status` (Accepted, Pending, Rejected) and `interval`",
    "refuse": "answers a transaction's start with `status` (Blocked, Expired, Invalid ...) for its token",
}
FORGETS = frozenset({"callerror", "nothing", "garbage"})


@dataclass
class Rule:
    """One thing to do wrong. `action` None means any call, `times` None for ever."""

    how: str
    action: str | None = None
    times: int | None = 1
    code: str = "InternalError"
    description: str = "the desk was told to refuse this"
    text: str = "%!garbage"
    seconds: float = 1.0
    payload: dict[str, Any] = field(default_factory=dict)
    status: str | None = None
    interval: int | None = None

    def over(self, action: str, usual: dict[str, Any]) -> dict[str, Any]:
        """The answer's payload by this rule."""
        if self.how == "boot":
            change = {"status": self.status or "Pending"}
            return usual | change | ({} if self.interval is None else {"interval": self.interval})
        if self.how == "refuse":
            name = "idTagInfo" if action == "StartTransaction" else "idTokenInfo"
            return usual | {name: {"status": self.status or "Blocked"}}
        return usual | self.payload


class Behaviour:
    """The rules that stand, oldest first."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def set(self, message: Message) -> Message:
        """Do as a control message says; with {"clear": true} all rules are dropped first."""
        if message.get("clear"):
            self.rules.clear()
        if "how" in message:
            how = choose(message, "how", tuple(HOWS))
            facts = {name: value for name, value in message.items() if name not in ("do", "clear", "how")}
            try:
                rule = Rule(how, **facts)
            except TypeError as error:
                allowed = ", ".join(name for name in Rule.__dataclass_fields__ if name != "how")
                raise Refused(f'behave "{how}": {error}; allowed are {allowed}.') from None
            if how == "boot":
                rule.action = "BootNotification"
            self.rules.append(rule)
        return {"rules": [{"how": r.how, "action": r.action, "times": r.times} for r in self.rules]}

    def next(self, action: str, payload: dict[str, Any]) -> Rule | None:
        """The rule for this call, used once; None: behave."""
        for rule in self.rules:
            if rule.action not in (None, action) or (rule.how == "refuse" and not _starts(action, payload)):
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self.rules.remove(rule)
            return rule
        return None


def _starts(action: str, payload: dict[str, Any]) -> bool:
    return action == "StartTransaction" or (action == "TransactionEvent" and "idToken" in payload)
