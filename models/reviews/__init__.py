"""Files of reviews: the one reader and the one writer of CSV, JSON and Parquet."""
