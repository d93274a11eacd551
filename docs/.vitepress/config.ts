import { existsSync, readFileSync } from 'node:fs';
import { type DefaultTheme, defineConfig, type UserConfig } from 'vitepress';
import { addRunButtons } from './run/markdown.ts';
import { sidebar } from './sidebar.ts';

// TypeDoc writes this file before the site is built (npm script docs:api).
const reference = new URL('../api/typedoc-sidebar.json', import.meta.url);

/** The tests build the site without the reference, which takes minutes. */
const withoutReference = process.env['WGRAD_DOCS'] === 'pages';

const config: UserConfig<DefaultTheme.Config> = defineConfig({
  title: 'wgrad',
  description: 'Tensors and autograd in TypeScript on hand-written WebGPU kernels',
  lang: 'en',
  cleanUrls: true,
  srcExclude: withoutReference ? ['api/**'] : [],
  ignoreDeadLinks: withoutReference,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  markdown: {
    // Shows the file that a block belongs to above the block: see tests/docs/page.ts.
    config: (markdown) => {
      const fence = markdown.renderer.rules.fence!;
      markdown.renderer.rules.fence = (tokens, index, ...rest) => {
        const path = /^\S+ ([\w./-]+\.\w+)$/.exec(tokens[index]!.info)?.[1];
        const title = path === undefined ? '' : `<p class="code-path">${path}</p>`;
        return title + fence(tokens, index, ...rest);
      };
      addRunButtons(markdown);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide/getting-started', activeMatch: '^/guide/' },
      { text: 'How it works', link: '/internals/library', activeMatch: '^/internals/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      // Not a page of VitePress: scripts/docsPublic.ts writes it.
      { text: 'Try it', link: '/try/index.html', target: '_self' },
    ],
    sidebar: {
      '/guide/': [...sidebar],
      '/internals/': [...sidebar],
      '/api/': existsSync(reference)
        ? (JSON.parse(readFileSync(reference, 'utf8')) as DefaultTheme.SidebarItem[])
        : [],
    },
    outline: [2, 3],
    search: { provider: 'local' },
    footer: { message: 'MIT licence' },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
});
export default config;
