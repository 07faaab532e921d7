"""What all plots and drawn images share: colors, axes and ink."""
