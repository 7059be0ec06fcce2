"""JSON alone: Python's own codec.

python3 codec.py OPERATION FILE COUNT
"""

import json
import sys
import time


def tally(value):
    if isinstance(value, dict):
        return 1, value["numInstalls"]
    return len(value), sum(r["numInstalls"] for r in value)


operation, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, encoding="utf-8") as file:
    text = file.read()
value = json.loads(text)
records = total = length = 0

cpu, wall = time.process_time(), time.monotonic()
for _ in range(count):
    if operation == "decode":
        n, s = tally(json.loads(text))
        records, total = records + n, total + s
    else:
        length += len(json.dumps(value))
cpu, wall = time.process_time() - cpu, time.monotonic() - wall

if operation == "encode":
    # Every text had the same length; what one of them holds counts for all.
    last = json.dumps(value)
    n, s = tally(json.loads(last))
    records, total = n * length // len(last), s * length // len(last)
print('{"records":%d,"sum":%d,"cpu":%.6f,"wall":%.6f}'
      % (records, total, cpu, wall))
