import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AdapterError, open } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { runModule } from './child.ts';

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
/** Keeps every driver but SwiftShader from the loader, which does not find SwiftShader by itself. */
const NO_OWN_DRIVER = { VK_LOADER_DRIVERS_SELECT: 'vk_swiftshader*', VK_DRIVER_FILES: '' };

const OPEN = `import { init } from './src/tensor/device.ts';
const open = async (name, options) => {
  try { console.log((await init(name, options)).description); }
  catch (error) { console.log(error.name + ': ' + error.message); }
};
`;

describe.runIf(process.platform === 'linux')('drivers on Linux', () => {
  test('with the driver that the user names there is no search', async () => {
    const { code, stdout } = await runModule(`${OPEN} await open('webgpu');`, {
      environment: { VK_DRIVER_FILES: '/nonexistent.json' },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^AdapterError: No WebGPU adapter was found\./);
    expect(stdout).toContain('VK_DRIVER_FILES=/nonexistent.json hides other drivers: unset it');
    expect(stdout).toContain('/nonexistent.json does not exist');
    expect(stdout).toMatch(/install Mesa [^]*mesa-vulkan-drivers[^]*device: cpu/);
  });

  test.runIf(existsSync(SWIFTSHADER))('a software driver in a known place is found, and named', async () => {
    const { stdout } = await runModule(
      `${OPEN} await open('webgpu'); await open('webgpu'); console.log(process.env.VK_DRIVER_FILES);`,
      { environment: NO_OWN_DRIVER },
    );
    const line = `SwiftShader .* \\(software driver found at ${SWIFTSHADER}\\)\n`;
    expect(stdout).toMatch(RegExp(`^${line}${line}${SWIFTSHADER}\n$`));
  });

  test('WGRAD_SOFTWARE_DRIVER=none turns the search off, and auto says why it takes the CPU', async () => {
    const { stdout } = await runModule(
      `${OPEN} await open('auto', { onFallback: (reason) => console.log('fallback: ' + reason) });`,
      { environment: { ...NO_OWN_DRIVER, WGRAD_SOFTWARE_DRIVER: 'none' } },
    );
    expect(stdout).toMatch(/^fallback: No WebGPU adapter was found[^]*install Mesa /);
    expect(stdout).toMatch(/on the CPU.*\n$/);
  });

  test.runIf(existsSync(SWIFTSHADER))('auto prefers the CPU to an adapter that is software', async () => {
    const { stdout } = await runModule(`${OPEN} await open('auto');`, { environment: NO_OWN_DRIVER });
    expect(stdout).toMatch(/^WebAssembly SIMD on the CPU/);
  });

  test('a WGRAD_SOFTWARE_DRIVER that is not there is an error, not a fallback in silence', async () => {
    const { stdout } = await runModule(`${OPEN} await open('webgpu');`, {
      environment: { ...NO_OWN_DRIVER, WGRAD_SOFTWARE_DRIVER: '/nowhere.json' },
    });
    expect(stdout).toMatch(/^AdapterError: WGRAD_SOFTWARE_DRIVER is \/nowhere\.json, which does not exist/);
  });
});

test('a filter that fits takes that adapter; one that fits none lists what there is', async (context) => {
  const { info } = await webgpuOrSkip(context);
  const word = /\w+/.exec(String(info.description))![0];
  const chosen = await open('webgpu', { adapter: word });
  expect(chosen.description).toContain(word);
  chosen.destroy();
  const refused = open('webgpu', { adapter: 'no such adapter' });
  await expect(refused).rejects.toThrow(AdapterError);
  await expect(refused).rejects.toThrow(/contains 'no such adapter'\. This machine has:\n.*name: '/);
});

test('the description and the records of a run name the adapter', async (context) => {
  const { description, info } = await webgpuOrSkip(context);
  expect(description).not.toBe('');
  expect(info).toMatchObject({
    description: expect.any(String) as string,
    software: expect.any(Boolean) as boolean,
  });
  expect(info.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
  expect(JSON.parse(JSON.stringify(info))).toEqual(info);
});
