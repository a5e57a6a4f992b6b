"""How long one training step takes, and what each choice of stylerep's contributes.

Times the same LoRA step (SmolLM2-135M-Instruct, rank 16, 8 rows of 240 tokens, 80 of them prompt) in
turn with each choice taken back, in processes of their own, and prints tokens a second and the ratio.
Run: make bench
"""

import os
import statistics
import subprocess
import sys
import time

ROWS, LENGTH, PROMPT, STEPS = 8, 240, 80, 6
VARIANTS = ("as stylerep trains", "float32", "all logits", "default allocator")


def measure(variant: str) -> float:
    """Return the median tokens a second of one variant."""
    import torch
    from peft import LoraConfig, get_peft_model

    from distill.allocator import keep_freed_memory
    from distill.loading import load_model
    from distill.precision import fast_dtype

    if variant != "default allocator":
        keep_freed_memory()
    model = load_model("smollm2-135m-instruct", torch.float32 if variant == "float32" else fast_dtype())
    model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-3)
    ids = torch.randint(10, 40_000, (ROWS, LENGTH), generator=torch.Generator().manual_seed(0))
    labels = ids.clone()
    labels[:, :PROMPT] = -100
    keep = torch.arange(PROMPT - 1, LENGTH - 1) if variant != "all logits" else torch.arange(0, LENGTH - 1)
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), logits_to_keep=keep).logits
        torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), labels[:, keep + 1].flatten(), ignore_index=-100).backward()
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter() - began)
    return ROWS * LENGTH / statistics.median(times[1:])


def main() -> None:
    """Print a table of all variants, measured one after the other, twice."""
    speeds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for _ in range(2):
        for variant in VARIANTS:
            result = subprocess.run([sys.executable, __file__, variant], capture_output=True, text=True, check=True)
            speeds[variant].append(float(result.stdout.split()[-1]))
    best = statistics.mean(speeds[VARIANTS[0]])
    print(f"LoRA training step, SmolLM2-135M-Instruct, {ROWS} x {LENGTH} tokens, {os.cpu_count()} cores")
    for variant, values in speeds.items():
        mean = statistics.mean(values)
        print(f"  {variant:20s} {mean:7.0f} tokens/s   1 : {best / mean:.2f}   (runs: {', '.join(f'{value:.0f}' for value in values)})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(sys.argv[1]))
    else:
        main()
