/** The peers that are installed; browser/bundle.ts writes the module. */
declare module '#packages' {
  export const packages: Readonly<
    Record<string, { load: () => Promise<unknown>; version: string; files?: string } | undefined>
  >;
}
