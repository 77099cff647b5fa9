"""scim-server: publishes a school's UONET+ register to Microsoft 365 as SCIM 2.0."""

__version__ = "0.1.0"
