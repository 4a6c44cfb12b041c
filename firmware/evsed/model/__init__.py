"""The nouns: frozen dataclasses and enums in the vocabulary of OCPP 2.x without its spelling."""
