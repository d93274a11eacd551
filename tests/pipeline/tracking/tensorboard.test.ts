import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../../src/pipeline/tracking/tensorboard/crc32c.ts';
import { openTensorboard } from '../../../src/pipeline/tracking/tensorboard/tensorboard.ts';
import type { TrackedRun } from '../../../src/pipeline/tracking/tracker.ts';
import { sampleRecords, sampleRun, STARTED } from './fixture.ts';

/** As published in tensorboard/compat/proto, without what is not written here. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1; int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
  }
  message SessionLog { int32 status = 1; }
  message Summary { repeated Value value = 1; }
  message Value {
    string tag = 1;
    oneof value { float simple_value = 2; Image image = 4; HistogramProto histo = 5; }
  }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message HistogramProto {
    double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true]; repeated double bucket = 7 [packed = true];
  }
`);

interface ReadEvent {
  wallTime: number;
  step?: number;
  fileVersion?: string;
  sessionLog?: { status: number };
  summary?: { value: ReadValue[] };
}

interface ReadValue {
  tag: string;
  simpleValue?: number;
  image?: { height: number; width: number; colorspace: number; encodedImageString: Uint8Array };
  histo?: Record<string, unknown>;
}

/** Reads an event file as TensorBoard does, checksums included. */
function readEvents(path: string): ReadEvent[] {
  const bytes = readFileSync(path);
  const type = root.lookupType('Event');
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const message = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(message));
    events.push(type.toObject(type.decode(message), { longs: Number }) as ReadEvent);
    at += length + 16;
  }
  return events;
}

function eventFiles({ path }: TrackedRun): string[] {
  const folder = join(path, 'tensorboard');
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

describe('crc32c', () => {
  it('agrees with the published vectors', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });
});

describe('TensorBoard', () => {
  it('gets scalars, images and histograms of a replayed journal', async () => {
    const run = sampleRun();
    await (await openTensorboard(run, sampleRecords(2), false)).close?.();
    const [file, ...others] = eventFiles(run);
    expect(others).toEqual([]);
    expect(file).toMatch(/events\.out\.tfevents\.1795527895\./);
    expect(readFileSync(file!).subarray(0, 12).toString('hex')).toBe('1800000000000000a37f4b22');
    const [version, start, ...events] = readEvents(file!);
    expect(version).toEqual({ wallTime: STARTED / 1000, fileVersion: 'brain.Event:2' });
    expect(start).toEqual({ wallTime: STARTED / 1000, sessionLog: { status: 1 } });
    const values = events.flatMap(({ step, summary }) => summary!.value.map((value) => ({ step, ...value })));
    expect(events[0]!.wallTime).toBe(STARTED / 1000 + 1);
    expect(values[0]).toEqual({ step: 5, tag: 'train/loss', simpleValue: Math.fround(0.2) });
    expect(values.find(({ tag }) => tag === 'validation/loss')!.simpleValue).toBeNaN();
    const { image } = values.find(({ tag }) => tag === 'validation/wrong predictions')!;
    const { width, height } = decode(image!.encodedImageString);
    expect(image).toMatchObject({ width, height, colorspace: 4 });
    const histograms = values.filter(({ tag }) => tag === '1.weight');
    expect(histograms.map(({ step }) => step)).toEqual([10, 20]);
    expect(histograms[0]!.histo).toEqual({
      min: -1,
      max: 2,
      num: 4,
      sum: 3.5,
      sumSquares: 7.25,
      bucketLimit: [0, 1, 2],
      bucket: [1, 0, 3],
    });
  });

  it('is told by a run that goes on from which step on its earlier file is void', async () => {
    const run = sampleRun();
    const records = sampleRecords(2);
    const first = await openTensorboard(run, [], true);
    for (const record of records.slice(0, 7)) await first.write(record);
    await first.close?.();
    const past = records.filter(({ step }) => step <= 10);
    const second = await openTensorboard(run, past, true);
    for (const record of records.slice(past.length)) await second.write(record);
    await second.close?.();
    const files = eventFiles(run).map(readEvents);
    expect(files).toHaveLength(2);
    // Readers take the first start for no restart.
    expect(files[0]![1]).toMatchObject({ sessionLog: { status: 1 } });
    expect(files[1]!.slice(0, 3)).toMatchObject([
      { fileVersion: 'brain.Event:2' },
      { step: 11, sessionLog: { status: 1 } },
      { step: 15 },
    ]);
  });
});
