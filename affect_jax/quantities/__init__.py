"""The quantities of the field, one file each: what its labels and predictions are, and how they are scored."""
