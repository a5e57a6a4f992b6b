"""Measurements that the documents quote, and the fitting of what the package ships; run from the checkout."""
