"""Networks: one architecture per file, each a Config and a Module."""
