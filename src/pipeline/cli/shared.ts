import type { DeviceName } from '../../tensor/device.ts';
import { jsonText } from '../files/json.ts';
import { type Argument, argument, flag, type Option, option } from './command.ts';
import { nameOrPath, path, typedPath } from './folder.ts';
import { oneOf, port, text, type Value } from './values.ts';

// Arguments and options that several commands take.

export const run: Argument<string> = argument('the run: latest, its id, or its folder', nameOrPath);

export const runsFolder: Option<string> = option('<folder>', path, 'folder of the runs', { default: 'runs' });

export const modelsFolder: Option<string> = option('<folder>', path, 'folder of the registry of models', {
  default: 'models',
});

export const dataFolder: Option<string> = option('<folder>', path, 'folder of the data files', {
  default: 'data/raw',
});

export const deviceName: Value<DeviceName> = oneOf(['webgpu', 'cpu', 'auto']);

export const device: Option<DeviceName | undefined> = option(
  '<name>',
  deviceName,
  'webgpu, cpu or auto (default: as recorded for the run or model)',
);

export const adapter: Option<string | undefined> = option(
  '<text>',
  text,
  'use the WebGPU adapter whose name contains this text',
);

/** The address of a Redis server. */
export const redisUrl: Value<string> = {
  takes: 'an address such as redis://localhost:6379',
  read: (text) => (/^rediss?:\/\/./.test(text) && URL.canParse(text) ? text : undefined),
};

/** What some machines have and others have not. */
export const label: Value<string> = {
  takes: 'a name of letters, digits and dashes, such as gpu',
  read: (text) => (/^[a-z0-9-]{1,40}$/i.test(text) ? text : undefined),
};

const store: Value<string> = {
  takes: 'a folder, or s3://bucket/prefix',
  read: (text) => (text.startsWith('s3:') ? text : typedPath(text)),
};

export const artifacts: Option<string> = option(
  '<store>',
  store,
  'where workers keep checkpoints and results: a folder that all machines share, or s3://bucket/prefix',
  { default: 'runs/artifacts' },
);

export const metricsPort: Option<number | undefined> = option(
  '<n>',
  port,
  'serve metrics for Prometheus under /metrics; 0 takes a free port',
);

export const metricsHost: Option<string> = option(
  '<address>',
  text,
  'where; the default is reachable from this machine only',
  { default: '127.0.0.1', with: 'metricsPort' },
);

export const json: Option<boolean> = flag('print the result as JSON');

/** Prints a value as `--json` does; numbers that JSON cannot hold are the strings "NaN", "Infinity" and "-Infinity". */
export function printJson(value: unknown): void {
  process.stdout.write(jsonText(value));
}

/** Prints a result: as JSON where it was asked for, and otherwise as text. */
export function print(asJson: boolean, value: unknown, text: string): void {
  if (asJson) printJson(value);
  else console.log(text);
}
