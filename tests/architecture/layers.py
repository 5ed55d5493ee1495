"""layers.py LAYERS_TXT SRC: the tree keeps the rules of layer_rules.py."""

import sys

import layer_rules

findings = layer_rules.check_tree(*sys.argv[1:])
for finding in findings:
    print(f"src/{finding}")
sys.exit(1 if findings else 0)
