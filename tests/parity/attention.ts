import type { Backend } from '../../src/index.ts';
import { type OperationFixture, operationFixtures } from './operations.ts';

export const attentionFixtures: OperationFixture[] = operationFixtures.filter(
  ({ operation }) => operation === 'scaledDotProductAttention',
);

/** A device on which attention is one kernel wherever it can be, as on a GPU. */
export function likeGpu(device: Backend): Backend {
  return new Proxy(device, {
    get(target, property) {
      if (property === 'name') return 'webgpu';
      if (property === 'info') return { ...target.info, software: false };
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
