import { table } from '../../src/pipeline/text/table.ts';
import {
  FEW,
  groupsOf,
  isAbove,
  labelOf,
  LIMIT,
  type OperationCost,
  type OperationsResult,
  ratioOf,
} from './results.ts';

/** One case and pass at all sizes, in their order. */
type Row = readonly OperationCost[];

/** A table of all cases, the dearest last, and what is above the limit. */
export function operationsTable({ device, torch, sizes, costs }: OperationsResult): string {
  const rows = groupsOf(costs, labelOf);
  const sorted = rows.sort((left, right) => rankOf(left) - rankOf(right));
  const peer = torch ? ['PyTorch', 'ratio'] : ['ns/element'];
  const header = ['', ...sizes.flatMap((size) => [`µs, ${size}`, ...peer]), ''];
  const above = costs.filter(isAbove);
  const failures = costs.filter(({ failure }) => failure !== undefined);
  const compared = costs.filter((cost) => cost.elements > FEW && ratioOf(cost) !== undefined);
  return [
    `${device}${torch ? `; PyTorch ${torch.torch}, ${torch.capability}, threads: ${torch.threads}` : ''}`,
    table(
      header,
      sorted.map((row) => lineOf(row, torch !== undefined)),
      1,
    ),
    ...failures.map(
      ({ name, elements, pass, failure }) => `not compared: ${name}, ${pass}, ${elements}: ${failure}`,
    ),
    ...(torch ? [`above ${LIMIT} × PyTorch: ${above.length} of ${compared.length}`] : []),
  ].join('\n');
}

/** The greatest ratio where the limit is for it; without PyTorch the cost of an element. */
function rankOf(row: Row): number {
  const ratios = row.filter(({ elements }) => elements > FEW).map((cost) => ratioOf(cost) ?? 0);
  const last = row.at(-1)!;
  return Math.max(...ratios) || last.microseconds / last.elements / 1e6;
}

function lineOf(row: Row, compared: boolean): string[] {
  const cells = row.flatMap((cost) => {
    const { microseconds, torchMicroseconds, elements } = cost;
    if (!compared) return [short(microseconds), short((1000 * microseconds) / elements)];
    return [microseconds, torchMicroseconds, ratioOf(cost)].map(short);
  });
  return [labelOf(row[0]!), ...cells, row.some(isAbove) ? '!' : ''];
}

function short(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
