import { existsSync } from 'node:fs';

/** The Chromium of this machine. */
export const CHROMIUM: string =
  process.env['WGRAD_CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path)) ??
  '/usr/bin/chromium';

/** What to do where it is missing. */
export const NO_CHROMIUM: string = `no Chromium at ${CHROMIUM}: apt-get install chromium, or set WGRAD_CHROMIUM`;

/** WebGPU on SwiftShader, which Chromium comes with: it needs no GPU. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];
