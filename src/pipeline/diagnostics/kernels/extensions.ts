/** The WGSL extensions that a kernel's text enables, also where white space was squeezed out of it. */
export function enabledExtensions(source: string): string[] {
  return [...source.matchAll(/(?:^|;)enable (\w+);/gm)].map(([, extension]) => extension!);
}
