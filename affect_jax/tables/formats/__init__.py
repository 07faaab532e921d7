"""Our table in the columns and folders of other programs."""
