// The package's `main` is a CommonJS file in an ESM package, which Node cannot import. Its module build has no types
// next to it.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
