import type { TopLevelSpec } from 'vega-lite';
import { CLASS_COLOURS, PADDING, THEME } from '../../src/pipeline/reporting/figures/theme.ts';
import { thousands } from '../../src/pipeline/text/numbers.ts';
import { FEW, groupsOf, labelOf, LIMIT, type OperationsResult, ratioOf } from './results.ts';

const SHOWN = 24;
const PASSES = { forward: 'forward', both: 'with backward' } as const;

/** The share of cases below each ratio, for each size; and the dearest cases. */
export function operationsFigure({ machine, startedAt, torch, costs }: OperationsResult): TopLevelSpec {
  const points = costs.flatMap((cost) => {
    const ratio = ratioOf(cost);
    return ratio === undefined ? [] : [{ ...cost, ratio }];
  });
  const groups = groupsOf(points, ({ elements, pass }) => `${elements} ${pass}`);
  const shares = groups.flatMap((group) =>
    group
      .sort((left, right) => left.ratio - right.ratio)
      .map(({ elements, pass, ratio }, index) => ({
        elements: `${thousands(elements)} elements`,
        pass: PASSES[pass],
        ratio,
        share: (index + 1) / group.length,
      })),
  );
  const dearest = groupsOf(
    points.filter(({ elements }) => elements > FEW),
    labelOf,
  )
    .sort((left, right) => Math.max(...right.map(ratio)) - Math.max(...left.map(ratio)))
    .slice(0, SHOWN)
    .flat()
    .map((cost) => ({
      name: labelOf(cost),
      elements: `${thousands(cost.elements)} elements`,
      ratio: cost.ratio,
    }));
  const color = {
    field: 'elements',
    type: 'nominal' as const,
    title: null,
    sort: [...new Set(shares.map(({ elements }) => elements))],
    scale: { range: [CLASS_COLOURS[1]!, CLASS_COLOURS[0]!, CLASS_COLOURS[6]!] },
  };
  const x = {
    field: 'ratio',
    type: 'quantitative' as const,
    title: 'time ÷ PyTorch’s time',
    scale: { type: 'log' as const },
  };
  const limit = {
    data: { values: [{ ratio: LIMIT }] },
    mark: { type: 'rule' as const, color: '#888', strokeDash: [4, 4] },
    encoding: { x },
  };
  const simd = machine.simd === undefined ? '' : `, ${machine.simd}`;
  const threads = torch?.threads === 1 ? 'one thread each' : `${torch?.threads} threads each`;
  return {
    title: {
      text: 'Every operation of the CPU backend beside PyTorch',
      subtitle: `${threads}; PyTorch ${torch?.torch}; ${machine.cpu}${simd}, Node ${machine.node}; ${startedAt.slice(0, 10)}`,
    },
    padding: PADDING,
    config: THEME,
    vconcat: [
      {
        title: { text: 'share of cases below a ratio', fontSize: 12 },
        width: 520,
        height: 240,
        layer: [
          {
            data: { values: shares },
            mark: { type: 'line', interpolate: 'step-after' },
            encoding: {
              x,
              y: { field: 'share', type: 'quantitative', title: null, axis: { format: '%' } },
              color,
              strokeDash: {
                field: 'pass',
                type: 'nominal',
                title: null,
                sort: Object.values(PASSES),
                scale: {
                  range: [
                    [1, 0],
                    [4, 3],
                  ],
                },
              },
            },
          },
          limit,
        ],
      },
      {
        title: { text: 'the dearest cases', fontSize: 12 },
        width: 520,
        height: { step: 18 },
        layer: [
          {
            data: { values: dearest },
            mark: { type: 'point', filled: true, size: 60, opacity: 0.85 },
            encoding: {
              x,
              y: {
                field: 'name',
                type: 'nominal',
                title: null,
                sort: [...new Set(dearest.map(({ name }) => name))],
                axis: { labelLimit: 400, grid: true },
              },
              color,
            },
          },
          limit,
        ],
      },
    ],
  };
}

const ratio = (point: { readonly ratio: number }): number => point.ratio;
