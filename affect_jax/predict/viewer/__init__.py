"""A prediction as a page for the browser: the video with faces drawn over it, curves, circumplex and marks."""
