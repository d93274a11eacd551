import { readFileSync } from 'node:fs';
import { nn } from '../../src/index.ts';

type Value = number | boolean | string | readonly number[];
type Arguments = Readonly<Record<string, Value>>;

/** A layer as PyTorch prints it: `Linear(in_features=64, out_features=24, bias=True)`. */
interface Layer {
  kind: string;
  /** The values without names. */
  values: readonly Value[];
  named: Arguments;
}

/** How wgrad's constructors take what PyTorch prints. Layers that are not here take nothing. */
const ARGUMENTS: Readonly<Record<string, (layer: Layer) => unknown[]>> = {
  AdaptiveAvgPool2d: ({ named }) => [named['output_size']],
  AvgPool2d: pooling,
  BatchNorm2d: ({ values, named }) => [values[0], optional(named, 'eps', 'momentum')],
  Conv2d: ({ values, named }) => [
    ...values,
    named['kernel_size'],
    optional(named, 'stride', 'padding', 'dilation', 'groups', 'bias'),
  ],
  Dropout: ({ named }) => [named['p']],
  Flatten: ({ named }) => [named['start_dim'], named['end_dim']],
  LeakyReLU: ({ named }) => [named['negative_slope']],
  Linear: ({ named }) => [named['in_features'], named['out_features'], optional(named, 'bias')],
  MaxPool2d: pooling,
};

function pooling({ named }: Layer): unknown[] {
  return [named['kernel_size'], optional(named, 'stride', 'padding')];
}

function optional(named: Arguments, ...names: readonly string[]): Arguments {
  return Object.fromEntries(names.flatMap((name) => (name in named ? [[name, named[name]!]] : [])));
}

/** wgrad's model for what PyTorch prints: lines of layers, each with its number, in Sequential. */
export function modelOf(text: string): nn.Module {
  const lines = text.trim().split('\n');
  const read = (): nn.Module => {
    const line = lines
      .shift()!
      .trim()
      .replace(/^\(\w+\): /, '');
    if (!line.endsWith('(')) return layerOf(parseLayer(line));
    const children: nn.Module[] = [];
    while (lines[0]!.trim() !== ')') children.push(read());
    lines.shift();
    return new nn.Sequential(...children);
  };
  return read();
}

function layerOf(layer: Layer): nn.Module {
  const layers = nn as unknown as Record<string, (new (...values: unknown[]) => nn.Module) | undefined>;
  const Kind = layers[layer.kind];
  if (!Kind) throw new Error(`wgrad has no nn.${layer.kind}`);
  return new Kind(...(ARGUMENTS[layer.kind]?.(layer) ?? []));
}

function parseLayer(line: string): Layer {
  const [, kind, inner] = /^(\w+)\((.*)\)$/.exec(line)!;
  const values: Value[] = [];
  const named: Record<string, Value> = {};
  // Commas inside parentheses belong to a tuple.
  for (const part of inner!.split(/,\s*(?![^(]*\))/).filter((each) => each !== '')) {
    const [, name, text] = /^(?:(\w+)=)?(.+)$/.exec(part)!;
    if (name === undefined) values.push(parseValue(text!));
    else named[name] = parseValue(text!);
  }
  return { kind: kind!, values, named };
}

function parseValue(text: string): Value {
  if (text === 'True' || text === 'False') return text === 'True';
  if (text.startsWith("'")) return text.slice(1, -1);
  if (!text.startsWith('(')) return Number(text);
  return text
    .slice(1, -1)
    .split(',')
    .filter((each) => each.trim() !== '')
    .map(Number);
}

const folder = new URL('../fixtures/exchange/', import.meta.url);

export const MODELS: readonly string[] = ['mlp', 'cnn'];

/** The path of a file about a model. */
export function fixturePath(model: string, file: string): string {
  return new URL(`${model}/${file}`, folder).pathname;
}

export function modelText(model: string): string {
  return readFileSync(fixturePath(model, 'model.txt'), 'utf8').trim();
}
