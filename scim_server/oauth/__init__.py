"""The lock: clients and their secrets, the token endpoint, and the check of every token."""
