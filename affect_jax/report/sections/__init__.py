"""The plots of a report, one file a section."""
