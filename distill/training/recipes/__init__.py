"""Recipes of training that come with stylerep, a YAML file each."""
