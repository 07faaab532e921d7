"""Networks that are adapted to one person, from a few labeled frames or from a neutral face alone."""
