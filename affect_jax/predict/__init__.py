"""From images and videos to tables, plots and overlays."""
