"""Prints how many instructions one acquire and release takes, as callgrind counts them: by the difference of two runs that
differ in nothing but how often they do it. Its only argument is scidex_bench."""
import re
import subprocess
import sys

FEW, MANY = 1_000, 11_000


def instructions(program, iterations):
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program,
                f"--benchmark_filter=^BM_Counted/iterations:{iterations}$"]
    run = subprocess.run(valgrind, check=False, capture_output=True, text=True)
    counted = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not counted:
        sys.exit(run.stderr)
    return int(counted[1])


each = (instructions(sys.argv[1], MANY) - instructions(sys.argv[1], FEW)) / (MANY - FEW)
print(f"One acquire and release: {each:.0f} instructions (callgrind).")
