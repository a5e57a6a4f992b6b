"""Score one response: whether it is right, and the style of its trace.

    python examples/score_a_trace.py

Needs no model and no network, and takes a second.
"""

import stylerep

RESPONSE = """<think>
I need the number of litres that are left.
The tank holds 19 litres, and 4 are added: 19 + 4 = 23.
Wait, 3 are taken out as well, so it is 23 - 3 = 21.
Let me check that: 21 + 3 = 24, which isn't 23. So 23 - 3 = 20.
So, 20 litres are left.
</think>
The answer is 20."""

scored = stylerep.score(RESPONSE, answer="20")
print(scored)

print("\nPivots, the phrases that turn the reasoning:")
for pivot in scored.pivots:
    print(f"  {pivot.kind:13} {scored.trace[pivot.start : pivot.end]}")

print("\nStages:")
for stage, start, end in scored.style.stages:
    print(f"  {stage:13} {' '.join(scored.trace[start:end].split())[:70]}")

print("\nArithmetic that is written down:")
for true, start, end in scored.style.claims:
    print(f"  {'true ' if true else 'false'}         {scored.trace[start:end]}")

print("\nSome of the metrics that the tasks report:")
for name in ("acc", "pivot_density", "stage_coverage", "step_validity", "style_adherence"):
    print(f"  {name:16} {scored.metrics[name]:.2f}")
