"""What the product costs, beside its peers and limits, measured in one run on one machine."""
