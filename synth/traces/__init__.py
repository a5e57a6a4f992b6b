"""Traces: arms, templates, rendering, alterations, and the data sets that come of them."""
