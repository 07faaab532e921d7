"""Networks: one architecture a file, a Config and a Module."""
