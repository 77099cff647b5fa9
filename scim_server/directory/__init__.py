"""The store: units and their schools, resources, memberships, and how they are searched."""
