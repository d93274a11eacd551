import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sidebar } from '../../docs/.vitepress/sidebar.ts';
import { readPages } from '../docs/page.ts';

const pages = readPages();

/** The file that a link leads to, and the heading in it; undefined for one that leads out of the project. */
function target(page: string, link: string): { file: string; anchor: string | undefined } | undefined {
  if (/^\w+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  if (path === '') return { file: page, anchor };
  const joined = path.startsWith('/') ? join('docs', path) : join(dirname(page), path);
  const file = page === 'README.md' || /\.\w+$/.test(joined) ? joined : `${joined}.md`;
  return { file, anchor };
}

describe('pages', () => {
  it.each(pages.map((page) => [page.file, page] as const))('the links of %s lead somewhere', (_, page) => {
    for (const { target: link, where } of page.links) {
      // The reference is made when the site is built, which checks these links.
      if (link.startsWith('/api/')) continue;
      const found = target(page.file, link);
      if (!found) continue;
      expect(existsSync(found.file) || existsSync(join('docs/public', link)), `${where}: ${link}`).toBe(true);
      const other = pages.find(({ file }) => file === found.file);
      if (found.anchor !== undefined && other) {
        expect([...other.anchors], `${where}: ${link}`).toContain(found.anchor);
      }
    }
  });

  it('stand in the sidebar', () => {
    const listed = sidebar.flatMap(({ items }) => items.map(({ link }) => `docs${link}.md`));
    const guides = pages
      .map(({ file }) => file)
      .filter((file) => !['README.md', 'docs/index.md'].includes(file));
    expect(listed.sort()).toEqual(guides.sort());
  });
});

describe('changelog', () => {
  it('has a section for the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readFileSync('CHANGELOG.md', 'utf8')).toContain(`## [${version}]`);
  });
});
