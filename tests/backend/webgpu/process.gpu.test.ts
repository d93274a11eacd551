import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../../adapter.ts';
import { runModule } from './child.ts';

const OPEN = `import { openWebGpu } from './src/backend/webgpu/webgpu.ts';
const fill = (device, out, value) => device.run('fill', { out }, { size: 4, value }, { Element: 'f32' });
`;

test('Node ends by itself when work is done, with launches, buffers and an open device left', async (context) => {
  await webgpuOrSkip(context);
  const { code, stdout, stderr } = await runModule(`${OPEN}
    const device = globalThis.device = await openWebGpu();
    const out = globalThis.out = device.allocate('float32', 4);
    for (let launch = 0; launch < 100; launch++) fill(device, out, launch);
    console.log(String(await device.read(out, 0, 4)));
    fill(device, out, 1);
  `);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '99,99,99,99\n' });
  expect(stderr).not.toMatch(/error/i);
});

test('Node ends by itself while a read is in flight that nobody awaits, and after destroy()', async (context) => {
  await webgpuOrSkip(context);
  for (const end of ['', 'device.destroy();']) {
    const { code, stdout } = await runModule(`${OPEN}
      const device = await openWebGpu();
      const out = device.allocate('float32', 4);
      fill(device, out, 3);
      device.read(out, 0, 4).then((values) => console.log('read', String(values)), ({ name }) => console.log(name));
      ${end}
    `);
    expect({ code, stdout }).toEqual({ code: 0, stdout: end ? 'DeviceLostError\n' : 'read 3,3,3,3\n' });
  }
});

test('garbage collection crashes nothing: devices dropped with work under way, after it, and destroyed', async (context) => {
  await webgpuOrSkip(context);
  const { code, signal, stdout, stderr } = await runModule(
    `${OPEN}
    for (let round = 0; round < 9; round++) {
      let device = await openWebGpu();
      let out = device.allocate('float32', 4);
      fill(device, out, round);
      if (round % 3 === 1) await device.read(out, 0, 4);
      if (round % 3 === 2) { void device.read(out, 0, 4).catch(() => {}); device.destroy(); }
      device = out = undefined;
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
    console.log('alive');`,
    { flags: ['--expose-gc'] },
  );
  expect({ code, signal, stdout }, stderr).toEqual({ code: 0, signal: undefined, stdout: 'alive\n' });
});

test('collections leave the default device and what tensors hold usable', async (context) => {
  await webgpuOrSkip(context);
  const { code, stdout, stderr } = await runModule(
    `import { init, tensor } from './src/index.ts';
    await init('webgpu');
    const x = tensor([1, 2, 3]);
    for (let round = 0; round < 10; round++) { x.add(round); gc(); await new Promise((resolve) => setTimeout(resolve, 1)); }
    console.log(String(await x.add(1).data()));`,
    { flags: ['--expose-gc'] },
  );
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '2,3,4\n' });
});
