"""Write a verified bundle: package, verification, drift reference, report and card."""
