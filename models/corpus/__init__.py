"""What a network did with the reviews it was validated on: kept in its bundle, searched by unit and by state."""
