"""The record of who did what: identifiers and numbers, never personal data."""

from scim_server.audit.record import entries, record

__all__ = ["entries", "record"]
