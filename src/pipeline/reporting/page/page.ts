import { leaves } from '../../files/leaves.ts';
import { html, Html } from './html.ts';

export interface PageFigure {
  readonly title: string;
  readonly svg: string;
}

export interface Page {
  /** The run's id. */
  readonly run: string;
  /** Name and value of the numbers at the top. */
  readonly headline: readonly (readonly [string, string])[];
  /** The resolved configuration, as YAML. */
  readonly configuration: string;
  /** Titled tables of names and values: environment, data version. */
  readonly tables: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [string, string])[];
  }[];
  readonly figures: readonly PageFigure[];
}

/** A report as one HTML page that needs no network and no other file. */
export function renderPage({ run, headline, configuration, tables, figures }: Page): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${run}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <h1>${run}</h1>
        <dl class="headline">
          ${headline.map(
            ([name, value]) =>
              html`<div>
                <dt>${name}</dt>
                <dd>${value}</dd>
              </div>`,
          )}
        </dl>
        <nav aria-label="Contents">
          <ul>
            ${figures.map(({ title }) => html`<li><a href="#${anchor(title)}">${title}</a></li>`)}
            <li><a href="#configuration">Configuration</a></li>
            ${tables.map(({ title }) => html`<li><a href="#${anchor(title)}">${title}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${figures.map(
            ({ title, svg }) =>
              html`<section id="${anchor(title)}">
                <h2>${title}</h2>
                <img alt="${title}" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}" />
              </section>`,
          )}
          <section id="configuration">
            <h2>Configuration</h2>
            <pre>${configuration}</pre>
          </section>
          ${tables.map(
            ({ title, rows }) =>
              html`<section id="${anchor(title)}">
                <h2>${title}</h2>
                <table>
                  ${rows.map(
                    ([name, value]) =>
                      html`<tr>
                        <th scope="row">${name}</th>
                        <td>${value}</td>
                      </tr>`,
                  )}
                </table>
              </section>`,
          )}
        </main>
      </body>
    </html> `;
  return page.text;
}

/**
 * Nested values as rows of names and texts, for a table.
 *
 * @example flatten({ cpu: { cores: 2 } }) // [['cpu.cores', '2']]
 */
export function flatten(value: object): [string, string][] {
  return leaves(value).map(([name, leaf]) => [name, Array.isArray(leaf) ? leaf.join(' ') : String(leaf)]);
}

function anchor(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

const STYLE = `
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; padding: 0 1rem; max-width: 60rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
.headline { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }
.headline dt { color: #555; font-size: .85rem; }
.headline dd { margin: 0; font-size: 1.3rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; }
a { color: #332288; }
img { max-width: 100%; height: auto; }
pre { background: #f5f5f5; padding: 1rem; overflow-x: auto; font-size: .85rem; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .75rem .2rem 0; border-bottom: 1px solid #e6e6e6; overflow-wrap: anywhere; }
th { font-weight: 500; color: #555; }
`;
