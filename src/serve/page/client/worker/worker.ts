/** What the page's workers run: a training, a model that classifies, or benchmarks. */
import { init } from '../../../../tensor/device.ts';
import { errorText } from '../../../../pipeline/text/errorText.ts';
import { architectureOf } from './architecture.ts';
import { Classifier } from './classifier.ts';
import { downloadImages, readImages, requireEnough } from './download.ts';
import { KeyWanted } from '../service.ts';
import { measure } from './measuring.ts';
import type { Answer, DeviceChoice, Request } from './messages.ts';
import { PageControl } from './pageControl.ts';
import { trainModel } from './training.ts';
import type { Backend } from '../../../../backend/backend.ts';
import '../../../../ops/methods.ts';

interface Scope {
  onmessage: ((event: { readonly data: Request }) => void) | null;
  postMessage(answer: Answer): void;
  readonly location: { readonly href: string };
}
const worker = globalThis as unknown as Scope;
const control = new PageControl();
/** Most characters of a message. */
const MOST_CHARACTERS = 1000;
/** Images may be asked for while it opens. */
let classifier: Promise<Classifier> | undefined;

worker.onmessage = ({ data }) => {
  handle(data).catch((error: unknown) =>
    worker.postMessage({
      kind: 'failed',
      message: cut(errorText(error)),
      keyWanted: error instanceof KeyWanted,
    }),
  );
};

/** A file can hold names of any length, and an error can list them all. */
function cut(message: string): string {
  return message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)} …` : message;
}

async function handle(request: Request): Promise<void> {
  switch (request.kind) {
    case 'train':
      await train(request);
      break;
    case 'pause':
      control.pause();
      worker.postMessage({ kind: 'paused' });
      break;
    case 'resume':
      control.resume();
      worker.postMessage({ kind: 'resumed' });
      break;
    case 'stop':
      control.stop();
      break;
    case 'open':
      classifier = openDevice(request.device).then((device) => Classifier.open(device, request));
      await classifier;
      worker.postMessage({ kind: 'opened' });
      break;
    case 'measure':
      await measureAll(request);
      break;
    case 'inspect':
      worker.postMessage({ kind: 'inspected', model: architectureOf(request.weights) });
      break;
    case 'classify': {
      const { id, pixels } = request;
      if (!classifier) throw new Error('no model is open');
      const answer = await (await classifier).classify(pixels);
      worker.postMessage({ kind: 'classified', id, ...answer });
      break;
    }
  }
}

async function train({ configuration, key, files }: Extract<Request, { kind: 'train' }>): Promise<void> {
  const folder = new URL('../data/', worker.location.href);
  // The device opens while the data arrive.
  const [images, device] = await Promise.all([
    files
      ? readImages(files)
      : downloadImages(folder, key, (received, total) =>
          worker.postMessage({ kind: 'download', received, total }),
        ),
    openDevice(configuration.device),
  ]);
  requireEnough(images, configuration.data.validation);
  const outcome = await trainModel(
    configuration,
    device,
    images,
    (event) => worker.postMessage(event),
    control,
  );
  worker.postMessage({ kind: 'finished', configuration, ...outcome });
  device.destroy();
}

async function measureAll(request: Extract<Request, { kind: 'measure' }>): Promise<void> {
  const device = await openDevice(request.device);
  for (const [at, benchmark] of request.benchmarks.entries()) {
    worker.postMessage({ kind: 'measuring', at, milliseconds: undefined });
    worker.postMessage({ kind: 'measuring', at, milliseconds: await measure(benchmark, device) });
  }
  worker.postMessage({ kind: 'measured' });
  device.destroy();
}

async function openDevice(choice: DeviceChoice): Promise<Backend> {
  let note: string | undefined;
  const device = await init(choice, {
    onFallback: (reason) => {
      note = reason;
    },
  });
  const { name, description } = device;
  worker.postMessage({ kind: 'device', device: { name, description }, note });
  return device;
}
