"""The composition root: builds runs from options."""
