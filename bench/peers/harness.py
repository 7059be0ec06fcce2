"""What the Python peers share: arguments in, one line of JSON out.

python3 PEER.py OPERATION BASE CA_FILE COUNT WIDTH
"""

import sys
import time


def path(i):
    """Path of the i-th connector (from 0); there are 50."""
    return "/v1/connectors/54fa0b38a7044f92%08x" % (i % 50)


class Tally:
    """Counts records and sums one number of each."""

    def __init__(self):
        self.records = 0
        self.sum = 0

    def connector(self, record):
        self.records += 1
        self.sum += record["numInstalls"]

    def connectors(self, records):
        self.records += len(records)
        self.sum += sum(r["numInstalls"] for r in records)

    def licenses(self, records):
        self.records += len(records)
        self.sum += sum(r["opts"]["seats"] for r in records)


class Run:
    def __init__(self, base, ca_file, count, width):
        self.base = base
        self.ca_file = ca_file or True
        self.count = int(count)
        self.width = int(width)


def main(operations):
    operation = operations[sys.argv[1]]
    run = Run(*sys.argv[2:6])
    tally = Tally()
    cpu, wall = time.process_time(), time.monotonic()
    operation(run, tally)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print('{"records":%d,"sum":%d,"cpu":%.6f,"wall":%.6f}'
          % (tally.records, tally.sum, cpu, wall))
