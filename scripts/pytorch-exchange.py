#!/usr/bin/env python3
"""Exchanges weights between wgrad and PyTorch.

  python3 scripts/pytorch-exchange.py run WEIGHTS IMAGES OUTPUT
      loads a wgrad checkpoint strictly into the equal PyTorch model. Reads the tensor `images` from the file IMAGES and
      writes the model's logits to the file OUTPUT, as the tensor `logits`

  python3 scripts/pytorch-exchange.py make MODEL FOLDER --input 4,1,8,8 [--seed 0]
      builds the model that the text file MODEL describes and updates its running statistics with some batches. Writes
      its state dict to FOLDER/weights.safetensors, and `images` with PyTorch's `logits` to FOLDER/expected.safetensors

A model is described by its text: PyTorch's print(model) and wgrad's String(model) give the same. wgrad's checkpoints
contain that text as metadata. Needs torch and numpy (apt-get install python3-torch), but no safetensors package.

In your own program:

  exchange = importlib.import_module('pytorch-exchange')   # with scripts/ on sys.path
  model = exchange.load_checkpoint('runs/latest/checkpoints/best.safetensors')
"""

import argparse
import ast
import json
import re
import struct
import sys
from pathlib import Path

import numpy
import torch

# wgrad stores the optimizer's state next to the weights, under this prefix.
OPTIMIZER = 'optimizer.'

DTYPES = {
    'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I64': '<i8', 'I32': '<i4', 'I16': '<i2', 'I8': '<i1', 'U8': '<u1',
    'BOOL': '|b1',
}


def read_safetensors(path):
    """Returns the tensors of a file by name, as numpy arrays, and its metadata."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry['data_offsets'])
        array = numpy.frombuffer(data[begin:end], DTYPES[entry['dtype']])
        tensors[name] = array.reshape(entry['shape'])
    return tensors, metadata


def write_safetensors(path, tensors, metadata=None):
    """Writes numpy arrays by name. The same arrays give the same bytes."""
    codes = {numpy.dtype(dtype): code for code, dtype in DTYPES.items()}
    arrays = {name: numpy.ascontiguousarray(array).reshape(array.shape) for name, array in tensors.items()}
    header = {'__metadata__': metadata} if metadata else {}
    end = 0
    # Largest elements first: the format requires aligned tensors.
    names = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    for name in names:
        array = arrays[name]
        begin, end = end, end + array.nbytes
        header[name] = {'dtype': codes[array.dtype], 'shape': list(array.shape), 'data_offsets': [begin, end]}
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)))
        file.write(text)
        for name in names:
            file.write(arrays[name].tobytes())


def build_model(text):
    """Builds the torch.nn module whose print(module) is `text`."""
    module, rest = parse_module(text.strip().splitlines())
    if rest:
        raise ValueError(f'unexpected line after the model: {rest[0]!r}')
    return module


def parse_module(lines):
    """Parses a module from the start of `lines`; returns it and the remaining lines."""
    line, rest = lines[0].strip(), lines[1:]
    if not line.endswith('('):
        call = ast.parse(re.sub(r'^\(\w+\): ', '', line), mode='eval').body
        arguments = [ast.literal_eval(each) for each in call.args]
        keywords = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
        return getattr(torch.nn, call.func.id)(*arguments, **keywords), rest
    kind = re.sub(r'^\(\w+\): ', '', line)[:-1]
    if kind != 'Sequential':
        raise ValueError(f'takes models of torch.nn layers in Sequential; got the class {kind}')
    children = []
    while rest[0].strip() != ')':
        child, rest = parse_module(rest)
        children.append(child)
    return torch.nn.Sequential(*children), rest[1:]


def load_checkpoint(path):
    """Returns the PyTorch model of a wgrad checkpoint, in evaluation mode."""
    tensors, metadata = read_safetensors(path)
    if 'model' not in metadata:
        raise ValueError(f'{path} has no metadata entry for its model')
    model = build_model(metadata['model'])
    weights = {name: torch.tensor(array) for name, array in tensors.items() if not name.startswith(OPTIMIZER)}
    model.load_state_dict(weights, strict=True)
    return model.eval()


def logits_of(model, images):
    with torch.no_grad():
        return model(torch.tensor(images)).numpy()


def run(options):
    model = load_checkpoint(options.weights)
    images = read_safetensors(options.images)[0]['images']
    write_safetensors(options.output, {'logits': logits_of(model, images)})


def make(options):
    torch.manual_seed(options.seed)
    shape = [int(size) for size in options.input.split(',')]
    text = Path(options.model).read_text().strip()
    model = build_model(text)
    if str(model) != text:
        raise ValueError(f'PyTorch prints this model differently:\n{model}')
    # Updates batch norm's running statistics with data that is neither centred nor scaled.
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(shape) * 2 + 1)
    model.eval()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    write_safetensors(folder / 'weights.safetensors', state, {'format': 'pt'})
    images = torch.randn(shape).numpy()
    write_safetensors(folder / 'expected.safetensors', {'images': images, 'logits': logits_of(model, images)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    command = commands.add_parser('run', help="compute a wgrad checkpoint's logits with PyTorch")
    for name in ('weights', 'images', 'output'):
        command.add_argument(name)
    command = commands.add_parser('make', help="write a PyTorch model's weights and logits")
    command.add_argument('model')
    command.add_argument('folder')
    command.add_argument('--input', required=True, help='shape of a batch, such as 4,1,8,8')
    command.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    try:
        {'run': run, 'make': make}[options.command](options)
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(f'{parser.prog}: {error}')


if __name__ == '__main__':
    main()
