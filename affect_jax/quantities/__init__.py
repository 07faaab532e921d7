"""The quantities of the field, one file each: their labels, their predictions and their scores."""
