"""The push: people go to Entra ID by its API-driven inbound provisioning."""
