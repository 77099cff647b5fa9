"""The published contract as data: a diff of this folder is a diff of what the server promises."""
