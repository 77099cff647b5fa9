"""Subject groups pushed through Microsoft Graph, as an option of the same push.

A group is found again by a ``uniqueName`` that is ours, never by a name that anybody could give;
and only members whom this push gave are ever taken out. So nothing that others made is touched.
"""
