"""`make bench`: whole processes beside their peer, in turn, as ratios of one run."""
