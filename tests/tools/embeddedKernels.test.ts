import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedKernels } from '../../src/platform/node/embedded/kernels.ts';
import { alikeTogether } from '../../src/platform/node/embedded/order.ts';
import { shorten } from '../../src/platform/node/embedded/shorten.ts';
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

describe('short names', () => {
  const shortened = (text: string, ...kept: string[]): string =>
    shorten([['kernel', text]], () => kept)[0]![1];

  test('replace those of variables, functions and parameters', () => {
    expect(
      shortened(
        'fn twice(value:u32)->u32{let twofold=value*2u;return twofold;}fn main(){twice(0x1u);}',
        'main',
      ),
    ).toBe('fn a(b:u32)->u32{let c=b*2u;return c;}fn main(){a(0x1u);}');
    expect(
      shortened(
        'var<workgroup>tile:array<f32,4>;fn main(@builtin(workgroup_id)group:vec3u){tile[group.x]=0.0;}',
        'main',
      ),
    ).toBe('var<workgroup>a:array<f32,4>;fn main(@builtin(workgroup_id)b:vec3u){a[b.x]=0.0;}');
  });

  test.each([
    ['a name that launches use', 'let size=params.size;let out=1;', ['out']],
    ['a member', 'struct Pair{left:f32}let left=pair.left;', []],
    ['a built-in function', 'let step=step(0.5,x);', []],
    ['an address space', 'var<workgroup>x:f32;let workgroup=1;', []],
    ['an attribute', 'fn main(@builtin(local_invocation_id)local_invocation_id:vec3u){}', ['main']],
  ])('leave %s', (_, text, kept) => {
    expect(shortened(text, ...kept)).toBe(text);
  });

  test('are the same in all texts, and no name that one of them uses', () => {
    const texts = [
      ['one', 'let total=a;let total=b;'],
      ['two', 'let rest=total;let total=rest;'],
      ['three', 'let rest=1;'],
    ] as const;
    expect(shorten(texts, (text) => (text.includes('=1') ? ['rest'] : []))).toEqual([
      ['one', 'let c=a;let c=b;'],
      ['two', 'let d=c;let c=d;'],
      ['three', 'let rest=1;'],
    ]);
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
  // Dawn's Node bindings crash if the GPU object is collected before the device.
  const { gpu, adapter } = await platform.openGpu();
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
  expect(gpu).toBeTruthy();
  expect(faults).toEqual([]);
  expect(compiled).toBeGreaterThan(90);
});
