import { type Benchmark, BENCHMARKS, figuresOf, namesOf, rateOf } from '../benchmarks.ts';
import { byId, make } from '../elements.ts';
import type { Column } from './report.ts';

/** Shows a column for each device. A bar is as long as the device is fast, next to the fastest of its row. */
export function showTable(columns: readonly Column[], current: number | undefined): void {
  const head = make('tr');
  const corner = make('th', { text: 'Benchmark' });
  corner.scope = 'col';
  head.append(
    corner,
    ...columns.map(({ title }) => {
      const cell = make('th', { text: title });
      cell.scope = 'col';
      return cell;
    }),
  );
  const tableHead = make('thead');
  tableHead.append(head);
  const body = make('tbody');
  body.append(...BENCHMARKS.map((benchmark, at) => rowOf(benchmark, at, columns, at === current)));
  byId('measurements', HTMLTableElement).replaceChildren(tableHead, body);
}

function rowOf(
  benchmark: Benchmark,
  at: number,
  columns: readonly Column[],
  isCurrent: boolean,
): HTMLTableRowElement {
  const { title, detail } = namesOf(benchmark);
  const row = make('tr', isCurrent ? { kind: 'current' } : {});
  const name = make('th');
  name.scope = 'row';
  name.append(make('strong', { text: title }), make('span', { text: detail }));
  const rates = columns.map(({ times }) => (times[at] === undefined ? 0 : rateOf(benchmark, times[at])));
  const fastest = Math.max(...rates);
  // Beside nothing else, a bar says nothing.
  const shares = rates.map((rate) => (columns.length > 1 ? rate / fastest : undefined));
  row.append(name, ...columns.map(({ times }, index) => cellOf(benchmark, times[at], shares[index])));
  return row;
}

function cellOf(
  benchmark: Benchmark,
  time: number | undefined,
  share: number | undefined,
): HTMLTableCellElement {
  const cell = make('td');
  if (time === undefined) {
    cell.append(make('span', { text: '–' }));
    return cell;
  }
  const [figure, other] = figuresOf(benchmark, time);
  cell.append(make('strong', { text: figure }), make('span', { text: other }));
  if (share === undefined) return cell;
  const bar = make('div', { kind: 'speed' });
  bar.style.setProperty('--share', share.toFixed(4));
  cell.append(bar);
  return cell;
}
