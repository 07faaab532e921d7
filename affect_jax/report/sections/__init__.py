"""The plots of a report, one file per section."""
