import os
import sys
import time
import traceback

sys.path.insert(0, "/work/main")
os.environ.setdefault("KERAS_BACKEND", "torch")
import torch

torch.set_num_threads(1)
from tests.doctor.case import cases


def run(f, seed=0):
    t = time.time()
    try:
        p = f(seed)
        torch.manual_seed(seed)
        a = p.train()
        n = ""
    except Exception as e:
        a = 0.0
        n = type(e).__name__ + ": " + str(e)[:70].replace("\n", " ")
        if "-v" in sys.argv:
            traceback.print_exc()
    return f"{a:.2f}", f"{time.time() - t:.1f}s", n


want = [a for a in sys.argv[2:] if a != "-v"]
for c in cases(sys.argv[1]):
    if want and not any(w in c.name or w == c.build.args[0].__module__.split(".")[-1] for w in want):
        continue
    for seed in [0, 1, 2] if "-v" in sys.argv else [0, 1]:
        print(f"{c.name:45s}", *run(c.build, seed), "| mended", *(run(c.mend, seed) if c.mend else ()), flush=True)
