"""What goes out by our own push: Entra's API-driven inbound provisioning."""
