"""What accuracy costs: networks of four sizes and their rivals, on the same reviews, cores and day."""
