import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedKernels } from '../../src/platform/node/embedded/kernels.ts';
import { alikeTogether } from '../../src/platform/node/embedded/order.ts';
import { squeeze } from '../../src/platform/node/embedded/squeeze.ts';
import { specialise } from '../../src/backend/webgpu/pipelines.ts';
import { kernelNames, kernelSignature } from '../../src/platform/node/kernels.ts';
import { platform } from '../../src/platform/node/platform.ts';
import type * as kernels from '../../src/platform/kernels.ts';
import { webgpuOrSkip } from '../adapter.ts';

/** The module that `#kernels` is in the package. */
let embedded: typeof kernels;
beforeAll(async () => {
  const url = `data:text/javascript,${encodeURIComponent(embeddedKernels())}`;
  embedded = (await import(/* @vite-ignore */ url)) as typeof kernels;
});

test.each(kernelNames())('the declarations of %s are those that wgsl_reflect reads', (name) => {
  expect(embedded.kernelSignature(name)).toEqual(kernelSignature(name));
});

describe('white space', () => {
  test.each([
    ['let x = a - -b; // why', 'let x=a- -b;'],
    ['  var y : vec2<u32> ;\n\n  y.x += 1u;', 'var y:vec2<u32>;y.x+=1u;'],
    ['return\n  x;', 'return x;'],
    ['a\n  - b', 'a-b'],
    ['a -\n  -b', 'a- -b'],
    ['const TILE = 4;\nalias Element = f32;\nfn f() {}', 'const TILE=4;\nalias Element=f32;\nfn f(){}'],
    ['if (a < b) && (c > d) {', 'if(a<b)&&(c>d){'],
  ])('%j becomes %j', (text, squeezed) => {
    expect(squeeze(text)).toBe(squeezed);
  });
});

test('texts that share long statements stand side by side', () => {
  const [sum, product] = ['let total = left + right;', 'let total = left * right;'];
  const texts = [
    ['a', sum],
    ['b', product],
    ['c', `${sum}return total;`],
    ['d', `${product}x = 1;`],
  ] as const;
  expect(alikeTogether(texts).map(([name]) => name)).toEqual(['a', 'c', 'b', 'd']);
  expect(alikeTogether([])).toEqual([]);
});

test('the embedded kernels compile, with parameters in either place', async (context) => {
  await webgpuOrSkip(context);
  const { adapter } = await platform.openGpu();
  const wanted = ['shader-f16', 'subgroups'] as const;
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((name) => adapter.features.has(name)),
  });
  const immediateLimit = (device.limits as { maxImmediateSize?: number }).maxImmediateSize ?? 0;
  const faults: string[] = [];
  let compiled = 0;
  for (const name of kernelNames()) {
    const [source, signature] = [embedded.kernelSource(name), embedded.kernelSignature(name)];
    for (const immediates of [false, signature.paramsSize <= immediateLimit]) {
      const code = specialise({ name, source, signature, immediates }, {});
      if (/enable subgroups/.test(code) && !device.features.has('subgroups')) continue;
      const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
      faults.push(...messages.map(({ message }) => `${name}: ${message}`));
      compiled++;
    }
  }
  device.destroy();
  expect(faults).toEqual([]);
  expect(compiled).toBeGreaterThan(90);
});
