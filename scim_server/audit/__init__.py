"""The record of who did what: identifiers and numbers, never personal data."""

from scim_server.audit.record import anchor, checkpoint, entries, record, whole

__all__ = ["anchor", "checkpoint", "entries", "record", "whole"]
