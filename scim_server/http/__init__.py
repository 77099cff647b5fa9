"""The hallway that every request passes: routes, limits, authorisation, errors, the access log.

It knows no protocol: a door brings its routes and the way it writes errors.
"""
