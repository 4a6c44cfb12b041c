-- Faults go in a lane of their own: report.free is 2 for them (0: in a transaction's order, 1: may overtake).
UPDATE report SET free = 2 WHERE free = 1 AND json LIKE '%"FaultReport"%';
CREATE INDEX report_fault ON report (id) WHERE free = 2;
