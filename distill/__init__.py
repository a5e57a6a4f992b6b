"""Models, and the adapters distilled from trace data sets."""
