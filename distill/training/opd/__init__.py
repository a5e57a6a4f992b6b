"""On-policy distillation: the student writes, a teacher scores each token that it wrote, and the student
learns from the scores (Agarwal et al., 2023, arXiv:2306.13649).
"""
