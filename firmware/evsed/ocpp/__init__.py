"""OCPP-J: frames, the queue of reports, the link, and one dialect for each version."""
