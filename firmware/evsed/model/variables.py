"""Names and answers of the device model (OCPP 2.x components and variables)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class VariableRef:
    """Names a variable: component (with instance, EVSE, connector) and variable (with instance)."""

    component: str
    variable: str
    component_instance: str | None = None
    variable_instance: str | None = None
    evse: int | None = None
    connector: int | None = None

    def __str__(self) -> str:
        """`TxCtrlr.EVConnectionTimeOut`, `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`, `EVSE(1).Power`."""
        evse = "" if self.evse is None else f"({self.evse}{f',{self.connector}' if self.connector else ''})"
        component = f"[{self.component_instance}]" if self.component_instance else ""
        variable = f"[{self.variable_instance}]" if self.variable_instance else ""
        return f"{self.component}{component}{evse}.{self.variable}{variable}"


class Attribute(StrEnum):
    """OCPP 2.x AttributeEnumType."""

    ACTUAL = "Actual"
    TARGET = "Target"
    MIN_SET = "MinSet"
    MAX_SET = "MaxSet"


class GetStatus(StrEnum):
    """OCPP 2.x GetVariableStatusEnumType."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"  # write-only
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED = "NotSupportedAttributeType"


class SetStatus(StrEnum):
    """OCPP 2.x SetVariableStatusEnumType."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED = "NotSupportedAttributeType"
    REBOOT_REQUIRED = "RebootRequired"


@dataclass(frozen=True, slots=True)
class Got:
    """One result of reading. `value` is None unless accepted."""

    ref: VariableRef
    status: GetStatus
    value: str | None = None
    read_only: bool = False
    attribute: Attribute = Attribute.ACTUAL
    limit: str | None = None  # the variable's maxLimit, where it has one: some 1.6 keys are that


@dataclass(frozen=True, slots=True)
class Put:
    """One result of setting; `why` says in words what was wrong."""

    ref: VariableRef
    status: SetStatus
    attribute: Attribute = Attribute.ACTUAL
    why: str = ""


@dataclass(frozen=True, slots=True)
class VariableReport:
    """One variable in a base report."""

    ref: VariableRef
    value: str | None
    mutability: str  # ReadOnly WriteOnly ReadWrite
    persistent: bool
    data_type: str  # string decimal integer dateTime boolean OptionList SequenceList MemberList
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    members: tuple[str, ...] = ()
