"""The WSGI application that a server loads; every setting comes from the environment."""

from scim_server.app import create_app
from scim_server.settings import Settings

app = create_app(Settings.from_env())
