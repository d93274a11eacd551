import { z } from 'zod';
import { configurationSchema } from './schema.ts';

/** A key of the configuration. */
export interface KnownKey {
  /** Dotted path, as in an override: `optimizer.lr`. */
  readonly path: string;
  /** The values that it takes, in words: `number ≥ 0`. */
  readonly takes: string;
  /** The values themselves, where they can be listed. */
  readonly choices: readonly string[];
  readonly description: string;
  /** Undefined where the key is required or optional. */
  readonly default: unknown;
  readonly required: boolean;
  /** The choice to which this key belongs: for betas `{ path: 'optimizer.name', value: 'adam' }`. */
  readonly variant?: Variant;
}

interface Variant {
  readonly path: string;
  readonly value: string;
}

/** Every key of the schema, in its order. A key of several variants (`optimizer.lr`) is listed once for each. */
export function knownKeys(): readonly KnownKey[] {
  return (cached ??= sectionKeys(z.toJSONSchema(configurationSchema, { io: 'input' }), ''));
}

let cached: readonly KnownKey[] | undefined;

type JsonSchema = z.core.JSONSchema.JSONSchema;

function sectionKeys(section: JsonSchema, prefix: string, variant?: Variant): KnownKey[] {
  return Object.entries(section.properties ?? {}).flatMap(([key, schema]) => {
    if (typeof schema === 'boolean') return [];
    const path = prefix + key;
    if (schema.oneOf) return unionKeys(schema, `${path}.`);
    if (schema.properties) return sectionKeys(schema, `${path}.`);
    return [
      {
        path,
        takes: takes(schema),
        choices: choices(schema),
        description: schema.description ?? '',
        default: schema.default,
        required: section.required?.includes(key) ?? false,
        ...(variant && { variant }),
      },
    ];
  });
}

/** The keys of a section whose `name` decides which others it has. */
function unionKeys({ oneOf = [], default: chosen }: JsonSchema, prefix: string): KnownKey[] {
  const path = `${prefix}name`;
  const keys = oneOf.flatMap((option) => {
    const value = choices(option.properties!['name'] as JsonSchema)[0]!;
    return sectionKeys(option, prefix, { path, value });
  });
  const names = keys.filter((key) => key.path === path).flatMap((key) => key.choices);
  const { description } = keys.find((key) => key.path === path)!;
  const name = { path, takes: names.join(' | '), choices: names, description };
  const preset = (chosen as { name: string } | undefined)?.name;
  return [
    { ...name, default: preset, required: preset === undefined },
    ...keys.filter((key) => key.path !== path),
  ];
}

function choices(schema: JsonSchema): string[] {
  if (schema.const !== undefined) return [String(schema.const)];
  if (schema.type === 'boolean') return ['true', 'false'];
  return (schema.enum ?? []).map(String);
}

function takes(schema: JsonSchema): string {
  if (typeof schema['takes'] === 'string') return schema['takes'];
  const few = choices(schema);
  if (few.length > 0) return few.join(' | ');
  if (schema.prefixItems) {
    return `list [${schema.prefixItems.map((item) => takes(item as JsonSchema)).join(', ')}]`;
  }
  if (schema.type === 'array') return `list, each item: ${takes(schema.items as JsonSchema)}`;
  if (schema.type === 'string') return schema.minLength ? 'string, not empty' : 'string';
  return [schema.type === 'integer' ? 'whole number' : 'number', ...bounds(schema)].join(' ');
}

function bounds(schema: JsonSchema): string[] {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const limits: string[] = [];
  if (minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER) limits.push(`≥ ${minimum}`);
  if (exclusiveMinimum !== undefined) limits.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER) limits.push(`≤ ${maximum}`);
  if (exclusiveMaximum !== undefined) limits.push(`< ${exclusiveMaximum}`);
  return limits.length === 2 ? [limits.join(' and ')] : limits;
}
