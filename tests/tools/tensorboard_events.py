"""Reads a folder of event files with TensorBoard's own loader, and prints it as JSON.

usage: python3 tensorboard_events.py FOLDER
"""

import json
import struct
import sys

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util import tensor_util


def decoded(kind, value):
    """Scalars as number; images as [width, height, kind of picture]; histograms as rows of [left, right, count]."""
    array = tensor_util.make_ndarray(value)
    if kind == "scalars":
        return float(array)
    if kind == "images":
        width, height, *pictures = array.tolist()
        return [int(width), int(height), [[list(struct.unpack(">II", png[16:24])), png[1:4].decode()] for png in pictures]]
    return array.tolist()


# Everything becomes a tensor on loading, as in TensorBoard itself.
events = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
events.Reload()
found = {}
for tag in events.Tags()["tensors"]:
    kind = events.SummaryMetadata(tag).plugin_data.plugin_name
    found[tag] = {
        "kind": kind,
        "values": [[event.step, event.wall_time, decoded(kind, event.tensor_proto)] for event in events.Tensors(tag)],
    }
print(json.dumps(found).replace("NaN", '"NaN"'))
