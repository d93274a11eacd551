import { thousands } from '../../../../pipeline/text/numbers.ts';
import { byId, make } from '../elements.ts';
import type { Judgement } from '../worker/messages.ts';

/** The table of labels and predictions: each row in percent. */
export class Confusion {
  readonly #caption = byId('confusion-caption', HTMLElement);
  readonly #cells: HTMLTableCellElement[][];

  constructor(classes: readonly string[]) {
    const names = classes.map((name) => name.split('/')[0]!);
    const head = make('tr');
    head.append(make('td'), ...names.map((name) => headCell(name, 'col')));
    const tableHead = make('thead');
    tableHead.append(head);
    const body = make('tbody');
    this.#cells = names.map((name, label) => {
      const row = make('tr');
      const cells = names.map((_, prediction) => make('td', prediction === label ? { kind: 'right' } : {}));
      row.append(headCell(name, 'row'), ...cells);
      body.append(row);
      return cells;
    });
    byId('confusion', HTMLTableElement).replaceChildren(tableHead, body);
  }

  /** @param set which images they are: `validation`, `test` */
  show({ confusion, images }: Judgement, set: string): void {
    this.#caption.textContent = `Rows: classes, columns: predictions, in percent of ${thousands(images)} ${set} images`;
    confusion.forEach((row, label) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      row.forEach((count, prediction) => {
        const cell = this.#cells[label]![prediction]!;
        const share = total === 0 ? 0 : count / total;
        cell.style.setProperty('--share', share.toFixed(3));
        cell.textContent = share >= 0.005 ? (100 * share).toFixed(0) : '';
      });
    });
  }
}

function headCell(text: string, scope: 'col' | 'row'): HTMLTableCellElement {
  const cell = make('th', { text });
  cell.scope = scope;
  return cell;
}
