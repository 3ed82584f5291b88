"""The values that are written, and record batches. A value says of itself what it is: dots, then `<stream number dots>`, so that
whoever reads one can tell that it is whole and in its own stream."""
import re
import struct
import sys
from pathlib import Path

from frames import Reading

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
from wire import CRC_TABLE, read_message, record_batch  # noqa: E402, F401

TIME = 1_700_000_000_000   # of each Kafka record; retention of the topics that are made here does not look at it
SIZES = (0, 0, 0, 0, 20, 200, 3_000, 70_000, 400_000, 1_000_000, 1_180_000)   # dots; the largest put is 1.2 MB
LABEL = re.compile(rb"<(\S+) (\S+) (\d+)>\Z")


def value(stream, number, dots):
    return b"." * dots + label(stream, number, dots)


def label(stream, number, dots):
    return b"<%s %s %d>" % (stream.encode(), number.encode(), dots)


def label_in(data):
    """The label of a value that is whole; nothing of anything else."""
    found = LABEL.search(data, max(0, len(data) - 100))
    if not found or int(found[3]) != found.start() or data.count(b".", 0, found.start()) != found.start():
        return None
    return found[0]


def stream_of(label):
    return label[1:label.index(b" ")].decode()


def batch(values, producer=-1, epoch=-1, sequence=-1):
    return record_batch(values, TIME, producer, epoch, sequence, summed)


# Sums over dots, which most of a large value is, are taken by steps of 1, 2, 4, … dots: each step is a linear map of 32 bits, kept
# as what becomes of each bit alone, and of none.
def after(step, state):
    bits, none = step
    result = none
    while state:
        low = state & -state
        result ^= bits[low.bit_length() - 1]
        state ^= low
    return result


def steps():
    def dot(state):
        return CRC_TABLE[(state ^ 0x2E) & 0xFF] ^ (state >> 8)
    step = [dot(1 << i) ^ dot(0) for i in range(32)], dot(0)
    for _ in range(24):
        yield step
        none = after(step, after(step, 0))
        step = [after(step, after(step, 1 << i)) ^ none for i in range(32)], none


STEPS = list(steps())
DOTS = re.compile(rb"\.{200,}")


def summed(data):
    """CRC-32C, like crc32c."""
    crc, at = 0xFFFFFFFF, 0
    for run in DOTS.finditer(data):
        for byte in data[at:run.start()]:
            crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
        size, at = run.end() - run.start(), run.end()
        for i, step in enumerate(STEPS):
            if size >> i & 1:
                crc = after(step, crc)
    for byte in data[at:]:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def read_batches(data):
    """[(offset, value)] of what a Fetch gave; raises ValueError when it is no row of whole batches."""
    found, outer = [], Reading(data)
    while outer.at < len(data):
        base, size = outer.number(">q"), outer.number(">i")
        inner = outer.take(size)
        if summed(inner[9:]) != struct.unpack(">I", inner[5:9])[0]:
            raise ValueError(f"the batch at {base} has a wrong sum")
        reading = Reading(inner)
        _, magic, _, attributes, last = (reading.number(shape) for shape in (">i", ">b", ">I", ">h", ">i"))
        if magic != 2 or attributes & 7:
            raise ValueError(f"the batch at {base} is of another kind")
        reading.take(8 + 8 + 8 + 2 + 4)
        count = reading.number(">i")
        for _ in range(count):
            record = Reading(reading.take(reading.signed()))
            record.take(1)
            record.signed()
            offset = base + record.signed()
            record.take(max(0, record.signed()))
            found.append((offset, record.take(record.signed())))
            for _ in range(record.signed()):
                record.take(record.signed())
                record.take(record.signed())
            if record.at != len(record.data):
                raise ValueError(f"the record at {offset} is longer than its fields")
        if reading.at != size or (found and found[-1][0] != base + last):
            raise ValueError(f"the batch at {base} is not what its head says")
    return found
