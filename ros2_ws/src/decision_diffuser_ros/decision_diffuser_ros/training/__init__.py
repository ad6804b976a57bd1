"""Networks, losses, training and export; the only part that imports torch."""
