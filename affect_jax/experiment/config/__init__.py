"""From nested options to typed ones, and the claim of a workdir."""
