"""Word segmentation and stop words."""
