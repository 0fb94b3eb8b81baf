"""What is measured, and how several processes are added up."""
