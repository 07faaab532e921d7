"""From pictures and videos to tables, plots and overlays."""
