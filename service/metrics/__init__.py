"""What is measured: noted where it happens, added up in one place for the whole service."""
