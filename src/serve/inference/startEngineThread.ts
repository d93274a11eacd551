import { Thread } from '../threads/thread.ts';
import type { Engine, Pixels } from './engine.ts';
import type { EngineMethods, EngineSettings } from './engineThread.ts';

const MODULE = new URL('./engineThread.ts', import.meta.url);

/**
 * Opens a device in a thread of its own. Computing there never delays the main thread, which accepts requests.
 *
 * @param onFallback called with the reason if `auto` takes the CPU
 * @throws AdapterError if the device cannot be opened
 */
export async function startEngineThread(
  settings: EngineSettings,
  onFallback: (reason: string) => void = () => undefined,
): Promise<Engine> {
  const thread = new Thread<EngineMethods>(MODULE);
  try {
    const { device, fallback } = await thread.call('open', settings);
    if (fallback !== undefined) onFallback(fallback);
    return engineOf(thread, device);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

function engineOf(thread: Thread<EngineMethods>, device: string): Engine {
  return {
    device,
    failed: thread.failed,
    load: async (path) => {
      const { model, record, fingerprint } = await thread.call('load', path);
      return {
        record,
        fingerprint,
        predict: (images) => {
          const pixels = joined(images);
          return thread.callWith([pixels.buffer], 'predict', model, pixels, images.length);
        },
        // A thread that has ended has freed everything.
        dispose: () => void thread.call('dispose', model).catch(() => undefined),
      };
    },
    check: () => thread.call('check'),
    close: () => thread.close(),
  };
}

/** Normalising begins with float32, so this loses nothing. */
function joined(images: readonly Pixels[]): Float32Array<ArrayBuffer> {
  const size = images[0]!.length;
  const pixels = new Float32Array(images.length * size);
  images.forEach((image, at) => pixels.set(image, at * size));
  return pixels;
}
