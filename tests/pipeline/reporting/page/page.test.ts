import { describe, expect, it } from 'vitest';
import { html } from '../../../../src/pipeline/reporting/page/html.ts';
import { flatten, renderPage } from '../../../../src/pipeline/reporting/page/page.ts';

describe('html', () => {
  it('escapes what is put in, unless it is HTML', () => {
    expect(html`<td title="${'"'}">${'<script>&'}${html`<b>${1}</b>`}</td>`.text).toBe(
      '<td title="&#34;">&#60;script&#62;&#38;<b>1</b></td>',
    );
  });
});

describe('renderPage', () => {
  const page = renderPage({
    run: '<run>',
    headline: [['test accuracy', '90.00 %']],
    configuration: 'name: </pre><script>alert(1)</script>\n',
    tables: [{ title: 'Environment', rows: flatten({ cpu: { model: 'a & b', cores: 2 }, list: [1, 2] }) }],
    figures: [{ title: 'Training curves', svg: '<svg xmlns="http://www.w3.org/2000/svg"/>' }],
  });

  it('needs no other file and no network', () => {
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(2);
    expect(links.every((target) => target.startsWith('#') || target.startsWith('data:'))).toBe(true);
    expect(page).not.toContain('<script');
  });

  it('holds everything, and each link has its place', () => {
    expect(page).toContain('<title>&#60;run&#62;</title>');
    expect(page).toMatch(/<th scope="row">cpu\.model<\/th>\s*<td>a &#38; b<\/td>/);
    expect(page).toMatch(/<th scope="row">list<\/th>\s*<td>1 2<\/td>/);
    for (const [, place] of page.matchAll(/href="#([^"]*)"/g)) expect(page).toContain(`id="${place!}"`);
  });
});
