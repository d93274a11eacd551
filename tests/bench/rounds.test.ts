import { expect, it, vi } from 'vitest';
import { measureInTurns, type RoundOptions } from '../../bench/rounds.ts';
import { ContenderError, type Request, type Worker } from '../../bench/protocol.ts';
import { training } from '../../bench/workloads.ts';

const options: RoundOptions = {
  warmUpSeconds: 0.001,
  rounds: 3,
  sampleMilliseconds: 1,
  settleMilliseconds: 0,
  budgetSeconds: 1,
  limitSeconds: 1,
  steps: 3,
};

/** A contender whose training has these losses, and whose call takes so many milliseconds. */
function contender(name: string, losses: number[], milliseconds: number, failsAt = Infinity): Worker {
  let samples = 0;
  const ask = vi.fn((request: Request) => {
    if (request.action === 'prepare') return Promise.resolve({ values: losses });
    if (request.action !== 'run') return Promise.resolve({});
    if (++samples >= failsAt) return Promise.reject(new ContenderError('its process ended', false));
    const elapsed = milliseconds * request.calls;
    return Promise.resolve({ milliseconds: elapsed, processorMilliseconds: 2 * elapsed });
  });
  return { entry: { name, label: name }, ended: false, ask } as unknown as Worker;
}

it('does not count a contender with other losses than the first, nor one that fails', async () => {
  const measurements = await measureInTurns(
    training('mlp'),
    [
      contender('wgrad', [2.3, 2.2, 2.1], 4),
      contender('same', [2.3, 2.2001, 2.1], 8),
      contender('wrong', [2.3, 2.29, 2.28], 1),
      contender('gone', [2.3, 2.2, 2.1], 1, 3),
    ],
    options,
  );
  expect(measurements.map(({ contender: name, failure }) => [name, failure])).toEqual([
    ['wgrad', undefined],
    ['same', undefined],
    ['wrong', 'its loss after 3 steps is 2.2800, not 2.1000'],
    ['gone', 'its process ended'],
  ]);
  expect(measurements[1]).toMatchObject({
    milliseconds: { median: 8, samples: 3 },
    processorMilliseconds: { median: 16 },
  });
});
