"""A strict double of Microsoft Graph, as far as inbound provisioning needs it.

It refuses what Microsoft's documentation doesn't allow, with Microsoft's status and shape of error,
so that a push that works here meets no refusal for its form there. Where the documentation is
silent, the stricter reading is taken and the module says so. It holds everything in memory.
"""
