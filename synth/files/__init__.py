"""Files and folders written so that nothing is lost: locks, replacement in one step,
names that never lead out.
"""
