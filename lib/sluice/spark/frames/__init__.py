"""The public functions of `sluice.spark`: data frame in, data frame out, on the session that the frame has."""
