import { transformSync } from 'esbuild';
import type { MarkdownRenderer } from 'vitepress';
import { hasPrograms, isRunnable, programUpTo } from './runnable.ts';

/** Puts a Run button below blocks that run in a browser. Their programs are in the page, without types. */
export function addRunButtons(markdown: MarkdownRenderer): void {
  const fence = markdown.renderer.rules.fence!;
  markdown.renderer.rules.fence = (tokens, index, options, environment, self) => {
    const block = fence(tokens, index, options, environment, self);
    const { relativePath = '' } = environment as { relativePath?: string };
    if (!hasPrograms(relativePath) || !isRunnable(tokens, index)) return block;
    const program = programUpTo(tokens, index).map(withoutTypes);
    return `<div class="runnable">${block}<div class="run" data-program="${encodeURIComponent(JSON.stringify(program))}">
<button type="button" class="run-button">Run</button><span class="run-state" role="status"></span>
<pre v-pre class="run-output" role="log" aria-label="Output of the block above" tabindex="0" hidden></pre></div></div>`;
  };
}

/** A part of a module without its types. An import stays, also if only a later part uses it. */
function withoutTypes(code: string): string {
  return transformSync(code, {
    loader: 'ts',
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  }).code;
}
