"""What the program costs, as ratios to the floor of its server program."""
